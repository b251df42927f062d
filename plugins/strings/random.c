/* strings.random: texts in the form of UUIDs (RFC 9562, version 4). */
#define _POSIX_C_SOURCE 200809L
#include "strings.h"

#include <stdlib.h>
#include <sys/random.h>

enum { TEXT_SIZE = 36 };

struct generator {
    uint64_t state;
    uint64_t left; /* texts still to make */
};

pipes_status random_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                         size_t count, void **state) {
    (void)count;
    struct generator *generator = malloc(sizeof *generator);
    if (!generator) return strings_refuse(host, node, "no memory");
    generator->left = (uint64_t)args[0].integer;
    generator->state = (uint64_t)args[1].integer;
    if (args[1].integer < 0 &&
        getrandom(&generator->state, sizeof generator->state, 0) != sizeof generator->state) {
        free(generator);
        return strings_refuse(host, node, "the system has no random seed to give");
    }
    *state = generator;
    return PIPES_OK;
}

/* SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
static uint64_t next_random(struct generator *generator) {
    uint64_t bits = generator->state += 0x9E3779B97F4A7C15u;
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EBu;
    return bits ^ bits >> 31;
}

static void write_text(struct generator *generator, char *to) {
    static const char digits[] = "0123456789abcdef";
    uint64_t halves[] = {next_random(generator), next_random(generator)};
    halves[0] = (halves[0] & ~(uint64_t)0xF000) | 0x4000;               /* the version */
    halves[1] = (halves[1] & ~((uint64_t)3 << 62)) | (uint64_t)1 << 63; /* the variant */
    for (unsigned digit = 0; digit < 32; digit++) {
        if (digit == 8 || digit == 12 || digit == 16 || digit == 20) *to++ = '-';
        *to++ = digits[halves[digit / 16] >> (60 - digit % 16 * 4) & 15];
    }
}

pipes_status random_produce(void *state, pipes_call *call) {
    struct generator *generator = state;
    uint64_t rows = call->demand < generator->left ? call->demand : generator->left;
    struct generator next = {.state = generator->state, .left = generator->left - rows};
    char *texts = pipes_alloc(call, rows * TEXT_SIZE);
    if (!texts) return PIPES_RETRY;
    for (uint64_t row = 0; row < rows; row++, texts += TEXT_SIZE) {
        write_text(&next, texts);
        pipes_status status = pipes_emit(call, PIPES_NO_ROW, pipes_string(texts, TEXT_SIZE));
        if (status != PIPES_OK) return status;
    }
    *generator = next; /* only now: what a failed call emitted is made again */
    return next.left ? PIPES_OK : PIPES_END;
}
