/* The form in which rows leave: text, base64 or JSON (RFC 8259). */
#define _POSIX_C_SOURCE 200809L
#include "io.h"
#include "utf8.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    DEEPEST_VALUE = 1000, /* lists in lists; each level is a call on a thread's stack */
    FIRST_CAPACITY = 4 * 1024,
};

static bool fail(struct text *text, pipes_status status, const char *problem) {
    if (text->problem) return false;
    text->status = status;
    text->problem = problem;
    return false;
}

/* Whether `size` more bytes fit, after growing where need be. */
static bool reserve(struct text *text, size_t size) {
    if (text->problem) return false;
    if (text->capacity - text->used >= size) return true;
    if (size > SIZE_MAX / 4 - text->used)
        return fail(text, PIPES_REJECT, "the row is too large to be written");
    size_t capacity = text->capacity ? text->capacity : FIRST_CAPACITY;
    while (capacity - text->used < size) capacity *= 2;
    char *bytes = realloc(text->bytes, capacity);
    if (!bytes) return fail(text, PIPES_RETRY, "no memory to write the row");
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void text_put(struct text *text, const char *bytes, size_t size) {
    if (!size || !reserve(text, size)) return;
    memcpy(text->bytes + text->used, bytes, size);
    text->used += size;
}

static void put_literal(struct text *text, const char *literal) {
    text_put(text, literal, strlen(literal));
}

/* RFC 4648, section 4. */
static void put_base64(struct text *text, const uint8_t *bytes, uint64_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (size > SIZE_MAX / 4) {
        fail(text, PIPES_REJECT, "the row is too large to be written");
        return;
    }
    if (!reserve(text, (size + 2) / 3 * 4)) return;
    char *to = text->bytes + text->used;
    uint64_t at = 0;
    for (; size - at >= 3; at += 3, to += 4) {
        uint32_t three = (uint32_t)bytes[at] << 16 | (uint32_t)bytes[at + 1] << 8 | bytes[at + 2];
        to[0] = digits[three >> 18];
        to[1] = digits[three >> 12 & 63];
        to[2] = digits[three >> 6 & 63];
        to[3] = digits[three & 63];
    }
    if (at < size) {
        bool two = size - at == 2;
        uint32_t rest = (uint32_t)bytes[at] << 16 | (two ? (uint32_t)bytes[at + 1] << 8 : 0);
        to[0] = digits[rest >> 18];
        to[1] = digits[rest >> 12 & 63];
        to[2] = two ? digits[rest >> 6 & 63] : '=';
        to[3] = '=';
        to += 4;
    }
    text->used = (size_t)(to - text->bytes);
}

static bool needs_escape(char byte) {
    return (unsigned char)byte < 0x20 || byte == '"' || byte == '\\';
}

static void put_escape(struct text *text, char byte) {
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* a byte, and its letter */
    for (const char *name = named; *name; name += 2) {
        if (name[0] == byte) {
            text_put(text, (const char[]){'\\', name[1]}, 2);
            return;
        }
    }
    char escape[8];
    snprintf(escape, sizeof escape, "\\u%04x", (unsigned)byte);
    put_literal(text, escape);
}

static void put_quoted(struct text *text, const char *bytes, size_t size) {
    put_literal(text, "\"");
    while (size && !text->problem) {
        size_t valid = utf8_valid_prefix(bytes, size);
        for (size_t at = 0, plain = 0; at <= valid; at++) {
            if (at < valid && !needs_escape(bytes[at])) continue;
            text_put(text, bytes + plain, at - plain);
            if (at < valid) put_escape(text, bytes[at]);
            plain = at + 1;
        }
        bytes += valid;
        size -= valid;
        if (size) { /* JSON is UTF-8, whatever a plugin took for text */
            bool is_valid;
            size_t broken = utf8_sequence(bytes, size, &is_valid);
            put_literal(text, "\xEF\xBF\xBD");
            bytes += broken;
            size -= broken;
        }
    }
    put_literal(text, "\"");
}

/* The shortest digits that read back as the same number, always with a sign of being a FLOAT. */
static void put_float(struct text *text, double real) {
    if (!isfinite(real)) { /* JSON has no word for them */
        put_literal(text, "null");
        return;
    }
    char digits[40];
    /* 15 digits are never too many, but for the numbers so small that they have fewer. */
    int precision = fabs(real) < DBL_MIN ? 1 : DBL_DIG;
    do {
        snprintf(digits, sizeof digits - 2, "%.*g", precision, real);
    } while (precision++ < DBL_DECIMAL_DIG && strtod(digits, NULL) != real);
    bool whole = true;
    for (char *digit = digits; *digit; digit++) {
        if (*digit == ',') *digit = '.'; /* as some locales have it */
        if (*digit == '.' || *digit == 'e') whole = false;
    }
    put_literal(text, digits);
    if (whole) put_literal(text, ".0");
}

/* What DLPack 1.x says of a tensor; only its element type and shape are shown. */
struct dl_tensor {
    void *data;
    struct {
        int32_t type, id;
    } device;
    int32_t dimensions;
    struct {
        uint8_t code, bits;
        uint16_t lanes;
    } element;
    const int64_t *shape, *strides;
    uint64_t byte_offset;
};

static void put_tensor(struct text *text, const struct dl_tensor *tensor) {
    static const char *const types[] = {"int",    "uint",    "float", "opaque",
                                        "bfloat", "complex", "bool"};
    char part[32];
    if (!tensor) {
        put_literal(text, "null");
        return;
    }
    bool known = tensor->element.code < sizeof types / sizeof types[0];
    snprintf(part, sizeof part, "\"tensor %s%u[", known ? types[tensor->element.code] : "type",
             (unsigned)tensor->element.bits);
    put_literal(text, part);
    for (int32_t dimension = 0; tensor->shape && dimension < tensor->dimensions; dimension++) {
        snprintf(part, sizeof part, "%s%" PRId64, dimension ? "," : "", tensor->shape[dimension]);
        put_literal(text, part);
    }
    put_literal(text, "]\"");
}

static void put_json(struct text *text, const pipes_value *value, int depth);

static void put_items(struct text *text, const pipes_value *value, int depth) {
    bool is_map = value->kind == PIPES_MAP;
    if (depth == DEEPEST_VALUE) {
        fail(text, PIPES_REJECT, "the value is nested more than 1000 deep");
        return;
    }
    put_literal(text, is_map ? "{" : "[");
    for (uint64_t at = 0; at < value->size && !text->problem; at++) {
        const pipes_value *item = value->items + (is_map ? 2 * at : at);
        if (at) put_literal(text, ",");
        if (is_map) {
            if (item->kind != PIPES_STRING) {
                fail(text, PIPES_REJECT, "a key of a MAP is not a STRING");
                return;
            }
            put_quoted(text, item->text, item->size);
            put_literal(text, ":");
            item++;
        }
        put_json(text, item, depth + 1);
    }
    put_literal(text, is_map ? "}" : "]");
}

static void put_json(struct text *text, const pipes_value *value, int depth) {
    char digits[24];
    switch (value->kind) {
    case PIPES_NULL: put_literal(text, "null"); return;
    case PIPES_BOOL: put_literal(text, value->integer ? "true" : "false"); return;
    case PIPES_INT:
        snprintf(digits, sizeof digits, "%" PRId64, value->integer);
        put_literal(text, digits);
        return;
    case PIPES_FLOAT: put_float(text, value->real); return;
    case PIPES_STRING: put_quoted(text, value->text, value->size); return;
    case PIPES_BYTES:
        put_literal(text, "\"");
        put_base64(text, value->bytes, value->size);
        put_literal(text, "\"");
        return;
    case PIPES_LIST:
    case PIPES_MAP: put_items(text, value, depth); return;
    case PIPES_TENSOR: put_tensor(text, value->ext); return;
    default: fail(text, PIPES_REJECT, "a value of an unknown kind");
    }
}

void text_put_value(struct text *text, const pipes_value *value) {
    if (value->kind == PIPES_STRING) {
        text_put(text, value->text, value->size);
    } else if (value->kind == PIPES_BYTES) {
        put_base64(text, value->bytes, value->size);
    } else {
        put_json(text, value, 0);
    }
}
