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

bool text_fail(struct text *text, pipes_status status, const char *problem) {
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
        return text_fail(text, PIPES_REJECT, "the row is too large to be written");
    size_t capacity = text->capacity ? text->capacity : FIRST_CAPACITY;
    while (capacity - text->used < size) capacity *= 2;
    char *bytes = realloc(text->bytes, capacity);
    if (!bytes) return text_fail(text, PIPES_RETRY, "no memory to write the row");
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

enum non_finite non_finite_of(const pipes_value *arg) {
    if (arg->kind != PIPES_STRING || !arg->size) return NON_FINITE_REJECT;
    return arg->text[0] == 'n'   ? NON_FINITE_NULL
           : arg->text[0] == 't' ? NON_FINITE_TEXT
                                 : NON_FINITE_REJECT;
}

void text_put(struct text *text, const char *bytes, size_t size) {
    if (!size || !reserve(text, size)) return;
    memcpy(text->bytes + text->used, bytes, size);
    text->used += size;
}

void text_put_literal(struct text *text, const char *literal) {
    text_put(text, literal, strlen(literal));
}

/* RFC 4648, section 4. */
void text_put_base64(struct text *text, const uint8_t *bytes, uint64_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (size > SIZE_MAX / 4) {
        text_fail(text, PIPES_REJECT, "the row is too large to be written");
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
    text_put_literal(text, escape);
}

static void put_quoted(struct text *text, const char *bytes, size_t size) {
    text_put_literal(text, "\"");
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
            text_put_literal(text, "\xEF\xBF\xBD");
            bytes += broken;
            size -= broken;
        }
    }
    text_put_literal(text, "\"");
}

/* The shortest digits that read back as the same number, always with a sign of being a FLOAT. */
static void put_finite(struct text *text, double real, bool is_single) {
    char digits[40];
    /* So many digits are never too many, but for the numbers so small that they have fewer. */
    int precision = fabs(real) < (is_single ? (double)FLT_MIN : DBL_MIN) ? 1
                    : is_single                                          ? FLT_DIG
                                                                         : DBL_DIG;
    do {
        snprintf(digits, sizeof digits - 2, "%.*g", precision, real);
    } while (precision++ < DBL_DECIMAL_DIG &&
             (is_single ? (double)strtof(digits, NULL) : strtod(digits, NULL)) != real);
    bool whole = true;
    for (char *digit = digits; *digit; digit++) {
        if (*digit == ',') *digit = '.'; /* as some locales have it */
        if (*digit == '.' || *digit == 'e') whole = false;
    }
    text_put_literal(text, digits);
    if (whole) text_put_literal(text, ".0");
}

/* What JSON has no number for. */
static const char *non_finite_name(double real) {
    return isnan(real) ? "NaN" : real < 0 ? "-Infinity" : "Infinity";
}

void text_put_element(struct text *text, double real, bool is_single) {
    if (isfinite(real)) {
        put_finite(text, real, is_single);
    } else {
        text_put_literal(text, "{\"$float\":\"");
        text_put_literal(text, non_finite_name(real));
        text_put_literal(text, "\"}");
    }
}

/* Where a value stands in the row: each LIST and MAP around it has one. */
struct place {
    const struct place *outer; /* NULL for the outermost */
    const pipes_value *key;    /* in a MAP */
    uint64_t index;            /* in a LIST */
    int depth;
};

static void add_to_message(struct text *text, const char *bytes, size_t size) {
    size_t used = strlen(text->message), room = sizeof text->message - 1 - used;
    memcpy(text->message + used, bytes, size < room ? size : room);
    text->message[used + (size < room ? size : room)] = 0;
}

/* As a JSON Pointer (RFC 6901). */
static void add_place(struct text *text, const struct place *place) {
    if (!place) return;
    add_place(text, place->outer);
    add_to_message(text, "/", 1);
    if (!place->key) {
        char index[24];
        snprintf(index, sizeof index, "%" PRIu64, place->index);
        add_to_message(text, index, strlen(index));
        return;
    }
    for (uint64_t at = 0; at < place->key->size; at++) {
        const char *byte = place->key->text + at;
        if (*byte == '~') {
            add_to_message(text, "~0", 2);
        } else if (*byte == '/') {
            add_to_message(text, "~1", 2);
        } else {
            add_to_message(text, byte, 1);
        }
    }
}

static void reject_float(struct text *text, double real, const struct place *place) {
    static const char remedy[] = " is not a number that JSON can hold; set \"non_finite\" to "
                                 "\"null\" or \"text\" to write it";
    char input[40];
    snprintf(text->message, sizeof text->message, "%s%s", non_finite_name(real),
             place ? " at " : "");
    size_t room = sizeof remedy + sizeof input;
    add_place(text, place);
    if (strlen(text->message) > sizeof text->message - room) {
        strcpy(text->message + sizeof text->message - room - sizeof "...", "...");
    }
    if (text->input) {
        snprintf(input, sizeof input, " in input %" PRIu64, text->input);
        add_to_message(text, input, strlen(input));
    }
    add_to_message(text, remedy, sizeof remedy - 1);
    text_fail(text, PIPES_REJECT, text->message);
}

static void put_float(struct text *text, double real, const struct place *place) {
    if (isfinite(real)) {
        put_finite(text, real, false);
    } else if (text->non_finite == NON_FINITE_NULL) {
        text_put_literal(text, "null");
    } else if (text->non_finite == NON_FINITE_TEXT) {
        text_put_literal(text, place ? "\"" : "");
        text_put_literal(text, non_finite_name(real));
        text_put_literal(text, place ? "\"" : "");
    } else {
        reject_float(text, real, place);
    }
}

static void put_json(struct text *text, const pipes_value *value, const struct place *place);

/* Whether a MAP could be taken for another value, such as {"$bytes": ...}. */
static bool looks_like_form(const pipes_value *map) {
    static const char *const keys[] = {"$bytes", "$float", "$tensor", "$map"};
    if (map->size != 1 || map->items->kind != PIPES_STRING) return false;
    for (size_t at = 0; at < sizeof keys / sizeof *keys; at++) {
        if (map->items->size == strlen(keys[at]) &&
            !memcmp(map->items->text, keys[at], strlen(keys[at]))) {
            return true;
        }
    }
    return false;
}

static void put_items(struct text *text, const pipes_value *value, const struct place *outer) {
    bool is_map = value->kind == PIPES_MAP;
    struct place place = {outer, NULL, 0, outer ? outer->depth + 1 : 1};
    if (place.depth > DEEPEST_VALUE) {
        text_fail(text, PIPES_REJECT, "the value is nested more than 1000 deep");
        return;
    }
    text_put_literal(text, is_map ? "{" : "[");
    for (uint64_t at = 0; at < value->size && !text->problem; at++) {
        const pipes_value *item = value->items + (is_map ? 2 * at : at);
        if (at) text_put_literal(text, ",");
        if (is_map) {
            if (item->kind != PIPES_STRING) {
                text_fail(text, PIPES_REJECT, "a key of a MAP is not a STRING");
                return;
            }
            put_quoted(text, item->text, item->size);
            text_put_literal(text, ":");
            place.key = item++;
        }
        place.index = at;
        put_json(text, item, &place);
    }
    text_put_literal(text, is_map ? "}" : "]");
}

static void put_json(struct text *text, const pipes_value *value, const struct place *place) {
    char digits[24];
    bool is_form;
    switch (value->kind) {
    case PIPES_NULL: text_put_literal(text, "null"); return;
    case PIPES_BOOL: text_put_literal(text, value->integer ? "true" : "false"); return;
    case PIPES_INT:
        snprintf(digits, sizeof digits, "%" PRId64, value->integer);
        text_put_literal(text, digits);
        return;
    case PIPES_FLOAT: put_float(text, value->real, place); return;
    case PIPES_STRING: put_quoted(text, value->text, value->size); return;
    case PIPES_BYTES:
        text_put_literal(text, "{\"$bytes\":\"");
        text_put_base64(text, value->bytes, value->size);
        text_put_literal(text, "\"}");
        return;
    case PIPES_LIST: put_items(text, value, place); return;
    case PIPES_MAP:
        is_form = looks_like_form(value);
        if (is_form) text_put_literal(text, "{\"$map\":");
        put_items(text, value, place);
        if (is_form) text_put_literal(text, "}");
        return;
    case PIPES_TENSOR: text_put_tensor(text, value->ext); return;
    default: text_fail(text, PIPES_REJECT, "a value of an unknown kind");
    }
}

void text_put_value(struct text *text, const pipes_value *value) {
    if (value->kind == PIPES_STRING) {
        text_put(text, value->text, value->size);
    } else if (value->kind == PIPES_BYTES) {
        text_put_base64(text, value->bytes, value->size);
    } else {
        put_json(text, value, NULL);
    }
}
