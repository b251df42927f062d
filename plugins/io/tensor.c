/* The form of a TENSOR: type, shape and all its numbers, in the order of rows. */
#define _POSIX_C_SOURCE 200809L
#include "io.h"

#include <inttypes.h>
#include <math.h>
#include <pipes/tensor.h>
#include <stdio.h>
#include <string.h>

enum { MOST_DIMENSIONS = 64 };

/* What an element is called and made of; `width` bytes a number. */
struct element {
    char name[24];
    char kind; /* i, u, f, h (half), b (bfloat), t (truth), or 0: JSON has no form for it */
    uint8_t width;
};

static struct element element_of(pipes_dtype type) {
    static const struct {
        const char *name;
        uint8_t code, bits;
        char kind;
        uint8_t width;
    } known[] = {
        {"i8", 0, 8, 'i', 1},    {"i16", 0, 16, 'i', 2},  {"i32", 0, 32, 'i', 4},
        {"i64", 0, 64, 'i', 8},  {"u8", 1, 8, 'u', 1},    {"u16", 1, 16, 'u', 2},
        {"u32", 1, 32, 'u', 4},  {"u64", 1, 64, 'u', 8},  {"f16", 2, 16, 'h', 2},
        {"f32", 2, 32, 'f', 4},  {"f64", 2, 64, 'f', 8},  {"bf16", 4, 16, 'b', 2},
        {"c32", 5, 32, 'h', 2},  {"c64", 5, 64, 'f', 4},  {"c128", 5, 128, 'f', 8},
        {"bool", 6, 8, 't', 1},
    };
    struct element element = {{0}, 0, 0};
    char name[16], lanes[8] = "";
    snprintf(name, sizeof name, "type%u.%u", (unsigned)type.code, (unsigned)type.bits);
    for (size_t at = 0; at < sizeof known / sizeof *known; at++) {
        if (known[at].code != type.code || known[at].bits != type.bits) continue;
        snprintf(name, sizeof name, "%s", known[at].name);
        element.kind = known[at].kind;
        element.width = known[at].width;
    }
    if (type.lanes != 1) snprintf(lanes, sizeof lanes, "x%u", (unsigned)type.lanes);
    snprintf(element.name, sizeof element.name, "%s%s", name, lanes);
    return element;
}

static double half(uint16_t bits) {
    uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    double size = exponent == 31  ? (fraction ? (double)NAN : (double)INFINITY)
                  : exponent == 0 ? ldexp(fraction, -24)
                                  : ldexp(1024 + fraction, (int)exponent - 25);
    return bits >> 15 ? -size : size;
}

static float single(uint32_t bits) {
    float real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

static void put_number(struct text *text, const struct element *element, const char *at) {
    char digits[32];
    uint64_t bits = 0;
    for (uint8_t byte = element->width; byte-- > 0;) bits = bits << 8 | (unsigned char)at[byte];
    unsigned unused = 64 - 8u * element->width;
    switch (element->kind) {
    case 't': text_put_literal(text, bits ? "true" : "false"); return;
    case 'i':
        snprintf(digits, sizeof digits, "%" PRId64, (int64_t)(bits << unused) >> unused);
        break;
    case 'u': /* many readers lose digits of numbers beyond INT, so those are strings */
        snprintf(digits, sizeof digits, bits > INT64_MAX ? "\"%" PRIu64 "\"" : "%" PRIu64, bits);
        break;
    case 'h': text_put_element(text, half((uint16_t)bits), true); return;
    case 'b': text_put_element(text, single((uint32_t)bits << 16), true); return;
    default:
        if (element->width == 4) {
            text_put_element(text, single((uint32_t)bits), true);
        } else {
            double real;
            memcpy(&real, &bits, sizeof real);
            text_put_element(text, real, false);
        }
        return;
    }
    text_put_literal(text, digits);
}

/* The numbers of one element: several where it has lanes or two parts. */
static void put_numbers(struct text *text, const struct element *element, const char *from,
                        uint64_t size, bool *is_first) {
    for (uint64_t at = 0; at < size && !text->problem; at += element->width) {
        if (!*is_first) text_put_literal(text, ",");
        *is_first = false;
        put_number(text, element, from + at);
    }
}

static void put_data(struct text *text, const pipes_tensor *tensor, const struct element *element) {
    int64_t place[MOST_DIMENSIONS] = {0};
    uint64_t bytes = pipes_tensor_bytes(tensor);
    const char *from = pipes_tensor_data(tensor);
    bool is_first = true;
    text_put_literal(text, ",\"data\":[");
    if (bytes && pipes_tensor_is_dense(tensor)) {
        put_numbers(text, element, from, bytes, &is_first);
    } else if (bytes) {
        uint64_t width = (uint64_t)tensor->dtype.bits * tensor->dtype.lanes / 8;
        int64_t offset = 0;
        for (uint64_t written = 0; written < bytes && !text->problem; written += width) {
            put_numbers(text, element, from + offset * (int64_t)width, width, &is_first);
            for (int32_t at = tensor->ndim; at-- > 0;) {
                offset += tensor->strides[at];
                if (++place[at] < tensor->shape[at]) break;
                offset -= tensor->strides[at] * tensor->shape[at];
                place[at] = 0;
            }
        }
    }
    text_put_literal(text, "]");
}

void text_put_tensor(struct text *text, const pipes_tensor *tensor) {
    if (!tensor || tensor->device_type != PIPES_DEVICE_CPU || tensor->ndim < 0 ||
        tensor->ndim > MOST_DIMENSIONS || (tensor->ndim && !tensor->shape) ||
        pipes_tensor_bytes(tensor) == UINT64_MAX) {
        text_fail(text, PIPES_REJECT, "a TENSOR that can't be read");
        return;
    }
    struct element element = element_of(tensor->dtype);
    text_put_literal(text, "{\"$tensor\":{\"dtype\":\"");
    text_put_literal(text, element.name);
    text_put_literal(text, "\",\"shape\":[");
    for (int32_t at = 0; at < tensor->ndim; at++) {
        char size[24];
        snprintf(size, sizeof size, "%s%" PRId64, at ? "," : "", tensor->shape[at]);
        text_put_literal(text, size);
    }
    text_put_literal(text, "]");
    if (!tensor->data && pipes_tensor_bytes(tensor)) {
        text_fail(text, PIPES_REJECT, "a TENSOR that can't be read");
    } else if (element.kind) {
        put_data(text, tensor, &element);
    } else if (pipes_tensor_is_dense(tensor)) {
        text_put_literal(text, ",\"bytes\":\"");
        text_put_base64(text, pipes_tensor_data(tensor), pipes_tensor_bytes(tensor));
        text_put_literal(text, "\"");
    } else {
        text_fail(text, PIPES_REJECT, "a TENSOR with strides whose elements JSON can't hold");
    }
    text_put_literal(text, "}}");
}
