/* Values into argument slots, with every check that C itself would leave out. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "plan.h"

const char *cffi_kind_name(pipes_kind kind) {
    static const char *const names[] = {"null",  "BOOL", "INT", "FLOAT", "STRING",
                                        "BYTES", "LIST", "MAP", "TENSOR"};
    return kind < sizeof names / sizeof names[0] ? names[kind] : "a value of unknown kind";
}

static bool does_not_take(const char *name, const pipes_value *value, const char *wanted,
                          char *message) {
    snprintf(message, CFFI_MESSAGE_SIZE, "%.100s: %s, and it takes %s", name,
             cffi_kind_name(value->kind), wanted);
    return false;
}

cffi_range cffi_range_of(cffi_type type) {
    static const cffi_range ranges[] = {
        [CFFI_I8] = {"i8", INT8_MIN, INT8_MAX},     [CFFI_U8] = {"u8", 0, UINT8_MAX},
        [CFFI_I16] = {"i16", INT16_MIN, INT16_MAX}, [CFFI_U16] = {"u16", 0, UINT16_MAX},
        [CFFI_I32] = {"i32", INT32_MIN, INT32_MAX}, [CFFI_U32] = {"u32", 0, UINT32_MAX},
        [CFFI_I64] = {"i64", INT64_MIN, INT64_MAX}, [CFFI_U64] = {"u64", 0, INT64_MAX},
    };
    return type >= CFFI_I8 && type <= CFFI_U64 ? ranges[type] : (cffi_range){"no integer", 0, -1};
}

static bool store_integer(cffi_slot *slot, cffi_type type, const char *name,
                          const pipes_value *value, char *message) {
    const cffi_range fits = cffi_range_of(type);
    if (value->kind != PIPES_INT) return does_not_take(name, value, "INT", message);
    if (value->integer < fits.least || value->integer > fits.most) {
        if (type == CFFI_U64)
            snprintf(message, CFFI_MESSAGE_SIZE, "%.100s: %" PRId64 " does not fit u64 (from 0)",
                     name, value->integer);
        else
            snprintf(message, CFFI_MESSAGE_SIZE,
                     "%.100s: %" PRId64 " does not fit %s (%" PRId64 " to %" PRId64 ")", name,
                     value->integer, fits.name, fits.least, fits.most);
        return false;
    }
    slot->bits = (uint64_t)value->integer;
    return true;
}

static bool store_real(cffi_slot *slot, cffi_type type, const char *name, const pipes_value *value,
                       char *message) {
    double real;
    if (value->kind == PIPES_FLOAT)
        real = value->real;
    else if (value->kind == PIPES_INT)
        real = (double)value->integer;
    else
        return does_not_take(name, value, "FLOAT or INT", message);
    if (type == CFFI_F64) {
        slot->real = real;
        return true;
    }
    float single = (float)real;
    if (isinf(single) && !isinf(real)) {
        snprintf(message, CFFI_MESSAGE_SIZE, "%.100s: %g does not fit f32", name, real);
        return false;
    }
    slot->single = single;
    return true;
}

bool cffi_store(cffi_slot *slot, cffi_type type, const char *name, const pipes_value *value,
                char *message) {
    switch (type) {
    case CFFI_F32:
    case CFFI_F64: return store_real(slot, type, name, value, message);
    case CFFI_BOOL:
        if (value->kind != PIPES_BOOL) return does_not_take(name, value, "BOOL", message);
        slot->bits = value->integer != 0;
        return true;
    case CFFI_VOID:
    case CFFI_POINTER: return does_not_take(name, value, "no number", message);
    default: return store_integer(slot, type, name, value, message);
    }
}

/* The well-formed sequences of Unicode 15, table 3-7. */
bool cffi_is_utf8(const char *text, size_t size) {
    const uint8_t *next = (const uint8_t *)text;
    const uint8_t *end = next + size;
    while (next < end) {
        uint8_t lead = *next++;
        if (lead < 0x80) continue;
        if (lead < 0xC2 || lead > 0xF4) return false;
        size_t following = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        if ((size_t)(end - next) < following) return false;
        uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (*next < least || *next > most) return false;
        for (size_t index = 1; index < following; index++)
            if ((next[index] & 0xC0) != 0x80) return false;
        next += following;
    }
    return true;
}
