/* What prepare.c makes, and call.c and direct.c run. */
#ifndef CFFI_PLAN_H
#define CFFI_PLAN_H

#include <ffi.h>

#include "cffi.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "a slot holds a narrow number in its first bytes");

/* One argument or result: wide enough for each type, and for libffi's widened results. */
typedef union cffi_slot {
    ffi_arg widened;
    uint64_t bits;
    double real;
    float single;
    const void *pointer;
} cffi_slot;

/* An argument that differs from row to row. */
typedef struct cffi_step {
    cffi_role role;
    cffi_type type;
    uint32_t position; /* in the C call */
    uint32_t input;
    uint64_t size;
    int64_t least, most; /* of an integer */
    const char *name;
} cffi_step;

/* Whether the function gets the address of a number, whose type is then that of the arg. */
static inline bool cffi_is_by_address(cffi_role role) {
    return role == CFFI_OUT_LENGTH || role == CFFI_OUT_NUMBER;
}

/* How a function is called. */
typedef enum cffi_route { CFFI_BY_LIBFFI, CFFI_BY_WORDS, CFFI_BY_REALS } cffi_route;

struct cffi_function {
    ffi_cif cif;
    cffi_route route;
    void (*address)(void);
    char *name;
    cffi_step *steps;
    cffi_rule *rules;
    uint32_t step_count;
    uint32_t rule_count;
    uint32_t arg_count;
    uint32_t input_count;
    cffi_type result;
    cffi_yield yield;
    bool result_is_length;
    bool explains_errno;
    bool has_buffer;
    bool has_texts;        /* args that are copied for each row */
    bool tells_length;     /* of the buffer; otherwise all of it counts */
    uint64_t fixed_size;   /* of the buffer, or 0 */
    uint64_t largest_size; /* that the types of capacity and length can say */
    ffi_type *types[CFFI_MAX_ARGS];
    cffi_arg args[CFFI_MAX_ARGS];
};

struct cffi_plan {
    const cffi_function *function;
    cffi_slot constants[CFFI_MAX_ARGS];
    void *addresses[CFFI_MAX_ARGS]; /* of the constants, as libffi wants them */
    char *texts[CFFI_MAX_ARGS];     /* owned */
};

/* The fastest way to call a function whose args and result are known. */
cffi_route cffi_route_of(const cffi_function *function);
/* As ffi_call, for the functions of that route. A narrow result is in the low bits, and nothing is
 * said of those above. */
void cffi_call_by_words(const cffi_function *function, void *const addresses[], cffi_slot *result);
void cffi_call_by_reals(const cffi_function *function, void *const addresses[], cffi_slot *result);

/* The numbers of an integer type that an INT can hold; none for other types. */
typedef struct cffi_range {
    const char *name;
    int64_t least, most;
} cffi_range;

cffi_range cffi_range_of(cffi_type type);

/* Converts a number, truth or null for an argument of `type`. False with a message in place of
 * what does not fit. */
bool cffi_store(cffi_slot *slot, cffi_type type, const char *name, const pipes_value *value,
                char *message);

/* "INT" and so on, for messages. */
const char *cffi_kind_name(pipes_kind kind);

bool cffi_is_utf8(const char *text, size_t size);

#endif
