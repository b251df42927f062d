/* Calls without libffi, for the commonest shapes of functions.
 *
 * On these machines the first six integers and pointers travel in registers of one kind, each as
 * wide as its register, whatever their types are (System V ABI for AMD64, 3.2.3; AAPCS64, 6.8.2).
 * So a function of any such types is called as one of as many 64-bit words. A slot holds a narrow
 * number with the sign or the zeros that its type asks for. Doubles, in registers of another kind,
 * are what they are. */
#include <string.h>

#include "plan.h"

#if defined(__x86_64__) || (defined(__aarch64__) && !defined(__APPLE__))
static const bool is_known_machine = true;
#else
static const bool is_known_machine = false;
#endif

enum { MOST_WORDS = 6, MOST_REALS = 3 };

/* clang's undefined-behaviour sanitizer compares the types of functions; here they differ on
 * purpose. */
#if defined(__clang__)
#define AS_ANOTHER_TYPE __attribute__((no_sanitize("function")))
#else
#define AS_ANOTHER_TYPE
#endif

typedef uint64_t word;

static bool is_word(cffi_type type) { return type != CFFI_F32 && type != CFFI_F64; }

cffi_route cffi_route_of(const cffi_function *function) {
    if (!is_known_machine) return CFFI_BY_LIBFFI;
    uint32_t words = 0, reals = 0;
    for (uint32_t index = 0; index < function->arg_count; index++) {
        const cffi_arg *arg = &function->args[index];
        if (cffi_is_by_address(arg->role) || is_word(arg->type))
            words++;
        else if (arg->type == CFFI_F64)
            reals++;
        else
            return CFFI_BY_LIBFFI;
    }
    if (reals == 0 && words <= MOST_WORDS && is_word(function->result)) return CFFI_BY_WORDS;
    if (words == 0 && reals <= MOST_REALS && function->result == CFFI_F64) return CFFI_BY_REALS;
    return CFFI_BY_LIBFFI;
}

AS_ANOTHER_TYPE
void cffi_call_by_words(const cffi_function *function, void *const addresses[],
                        cffi_slot *result) {
    void (*const address)(void) = function->address;
    word w[MOST_WORDS];
    for (uint32_t index = 0; index < function->arg_count && index < MOST_WORDS; index++)
        memcpy(&w[index], addresses[index], sizeof w[index]);
    switch (function->arg_count) {
    case 0: result->bits = ((word(*)(void))address)(); break;
    case 1: result->bits = ((word(*)(word))address)(w[0]); break;
    case 2: result->bits = ((word(*)(word, word))address)(w[0], w[1]); break;
    case 3: result->bits = ((word(*)(word, word, word))address)(w[0], w[1], w[2]); break;
    case 4:
        result->bits = ((word(*)(word, word, word, word))address)(w[0], w[1], w[2], w[3]);
        break;
    case 5:
        result->bits =
            ((word(*)(word, word, word, word, word))address)(w[0], w[1], w[2], w[3], w[4]);
        break;
    default:
        result->bits = ((word(*)(word, word, word, word, word, word))address)(w[0], w[1], w[2],
                                                                              w[3], w[4], w[5]);
    }
}

void cffi_call_by_reals(const cffi_function *function, void *const addresses[],
                        cffi_slot *result) {
    void (*const address)(void) = function->address;
    double r[MOST_REALS];
    for (uint32_t index = 0; index < function->arg_count && index < MOST_REALS; index++)
        memcpy(&r[index], addresses[index], sizeof r[index]);
    switch (function->arg_count) {
    case 0: result->real = ((double (*)(void))address)(); break;
    case 1: result->real = ((double (*)(double))address)(r[0]); break;
    case 2: result->real = ((double (*)(double, double))address)(r[0], r[1]); break;
    default: result->real = ((double (*)(double, double, double))address)(r[0], r[1], r[2]);
    }
}
