/*
 * cffi.h - an ordinary C function as a processor: what a signature says, prepared once for
 * libffi, and the call of one row.
 *
 * A cffi_function is made once and never changes: it may be called from any thread. A cffi_plan
 * is a node's: the function, and the args that are the same for every row. Once its args are set
 * it never changes either, so one plan may be inside several calls at once.
 */
#ifndef CFFI_H
#define CFFI_H

#include <pipes/pipes.h>

#include "cffi_library.h"

/* More args than any function that one would bridge has; their slots are on the stack. */
#define CFFI_MAX_ARGS 32u

/* Enough for any message of this target, its closing NUL included. */
#define CFFI_MESSAGE_SIZE 512u

typedef enum cffi_type {
    CFFI_VOID,
    CFFI_I8,
    CFFI_U8,
    CFFI_I16,
    CFFI_U16,
    CFFI_I32,
    CFFI_U32,
    CFFI_I64,
    CFFI_U64,
    CFFI_F32,
    CFFI_F64,
    CFFI_BOOL,
    CFFI_POINTER
} cffi_type;

/* Where an argument comes from. */
typedef enum cffi_role {
    CFFI_CONSTANT,     /* the same for every row: NULL or 0 until cffi_plan_set */
    CFFI_IN_POINTER,   /* the bytes of an input; `size` is what they must be, or 0 */
    CFFI_IN_LENGTH,    /* the number of bytes of an input */
    CFFI_IN_TEXT,      /* a copy of an input's text that ends with a NUL */
    CFFI_IN_SCALAR,    /* an input that is a number or a truth */
    CFFI_OUT_POINTER,  /* a buffer; `size` is its fixed size, or 0 */
    CFFI_OUT_CAPACITY, /* the size of that buffer */
    CFFI_OUT_LENGTH,   /* the address of a number: the capacity before the call, then the length */
    CFFI_OUT_NUMBER    /* the address of a number: 0 before the call, then the value of the row */
} cffi_role;

typedef struct cffi_arg {
    cffi_role role;
    cffi_type type;   /* of the number, also where it is passed by address; CFFI_POINTER otherwise */
    uint32_t input;   /* which value of the row, for the CFFI_IN roles */
    uint64_t size;    /* in bytes */
    const char *name; /* for messages */
} cffi_arg;

typedef enum cffi_outcome { CFFI_OK, CFFI_FAIL, CFFI_GROW, CFFI_RETRY } cffi_outcome;

typedef enum cffi_comparison {
    CFFI_EQUAL,
    CFFI_NOT_EQUAL,
    CFFI_LESS,
    CFFI_LESS_OR_EQUAL,
    CFFI_GREATER,
    CFFI_GREATER_OR_EQUAL
} cffi_comparison;

/* What a returned number means. Rules are asked in the order grow, retry, fail, ok. */
typedef struct cffi_rule {
    cffi_outcome outcome;
    cffi_comparison comparison;
    int64_t operand;
} cffi_rule;

/* What becomes the value of the row. */
typedef enum cffi_yield {
    CFFI_YIELDS_NULL,
    CFFI_YIELDS_RESULT,
    CFFI_YIELDS_TEXT,       /* the text that the result points to, or null */
    CFFI_YIELDS_FREED_TEXT, /* the same, and the function's text is freed */
    CFFI_YIELDS_BUFFER,
    CFFI_YIELDS_NUMBER /* what CFFI_OUT_NUMBER points to */
} cffi_yield;

typedef struct cffi_signature {
    const char *function_name; /* for messages */
    const cffi_arg *args;
    const cffi_rule *rules;
    uint32_t arg_count; /* at most CFFI_MAX_ARGS */
    uint32_t rule_count;
    uint32_t input_count; /* values that a row must have */
    cffi_type result;
    cffi_yield yield;
    bool result_is_length; /* of the buffer */
    bool explains_errno;
} cffi_signature;

typedef struct cffi_function cffi_function;
typedef struct cffi_plan cffi_plan;

/* Copies `signature`; `address` is the code of the function, which must stay loaded. NULL where
 * there is no memory, or libffi refuses the types. Released with cffi_function_destroy. */
cffi_function *cffi_function_make(const cffi_signature *signature, const void *address);
void cffi_function_destroy(cffi_function *function);

/* NULL where there is no memory. `function` is borrowed until cffi_plan_destroy. */
cffi_plan *cffi_plan_make(const cffi_function *function);
/* Sets the constant at position `arg` of the signature. Copies text. False where `value` does
 * not fit: `message` (CFFI_MESSAGE_SIZE bytes) then says why. Not once rows are being called. */
bool cffi_plan_set(cffi_plan *plan, uint32_t arg, const pipes_value *value, char *message);
void cffi_plan_destroy(cffi_plan *plan);

/* One row, as pipes_processor.map: `plan` is a cffi_plan. */
pipes_status cffi_map(void *plan, pipes_call *call, const pipes_value *row, pipes_value *result);

#endif
