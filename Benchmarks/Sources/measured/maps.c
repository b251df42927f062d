/* Maps: of numbers, of anything, of texts, and one that works hard. */
#include "measured.h"

#include <stdlib.h>
#include <string.h>

pipes_status add_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state, (void)call;
    *result = pipes_int(row->integer + 1);
    return PIPES_OK;
}

pipes_status pass_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state, (void)call;
    *result = *row;
    return PIPES_OK;
}

pipes_status copy_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state;
    char *text = pipes_alloc(call, row->size);
    if (!text) return PIPES_RETRY;
    memcpy(text, row->text, row->size);
    *result = pipes_string(text, row->size);
    return PIPES_OK;
}

pipes_status reverse_text_map(void *state, pipes_call *call, const pipes_value *row,
                              pipes_value *result) {
    (void)state;
    char *text = pipes_alloc(call, row->size);
    if (!text) return PIPES_RETRY;
    for (uint64_t at = 0; at < row->size; at++) text[at] = row->text[row->size - 1 - at];
    *result = pipes_string(text, row->size);
    return PIPES_OK;
}

pipes_status upper_text_map(void *state, pipes_call *call, const pipes_value *row,
                            pipes_value *result) {
    (void)state;
    char *text = pipes_alloc(call, row->size);
    if (!text) return PIPES_RETRY;
    for (uint64_t at = 0; at < row->size; at++) {
        char byte = row->text[at];
        text[at] = byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte;
    }
    *result = pipes_string(text, row->size);
    return PIPES_OK;
}

pipes_status append_reverse_map(void *state, pipes_call *call, const pipes_value *row,
                                pipes_value *result) {
    (void)state;
    uint64_t half = row[0].size + row[1].size;
    char *text = pipes_alloc(call, 2 * half);
    if (!text) return PIPES_RETRY;
    for (uint64_t at = 0; at < row[0].size; at++) text[at] = row[0].text[at];
    for (uint64_t at = 0; at < row[1].size; at++) text[row[0].size + at] = row[1].text[at];
    for (uint64_t at = 0; at < half; at++) text[half + at] = text[half - 1 - at];
    *result = pipes_string(text, 2 * half);
    return PIPES_OK;
}

/* ---------------------------------------------------------------- hard work -- */

/* SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), with
 * its output as the next state. */
uint64_t measured_rounds(uint64_t seed, uint64_t rounds) {
    for (; rounds; rounds--) {
        seed += 0x9E3779B97F4A7C15u;
        seed = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9u;
        seed = (seed ^ seed >> 27) * 0x94D049BB133111EBu;
        seed ^= seed >> 31;
    }
    return seed;
}

/* The state of a node that is only a number: how many rounds to work for each row. */
pipes_status rounds_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                         size_t count, void **state) {
    (void)host, (void)node, (void)count;
    int64_t *rounds = malloc(sizeof *rounds);
    if (!rounds) return PIPES_FATAL;
    *rounds = args[0].integer;
    *state = rounds;
    return PIPES_OK;
}

/* The row itself: its sum shows that none is missing, its order that lanes kept it. The result
 * hangs on the work, so that no compiler can leave it out. */
pipes_status busy_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)call;
    uint64_t rounds = (uint64_t)*(const int64_t *)state;
    uint64_t work = measured_rounds((uint64_t)row->integer, rounds);
    *result = pipes_int(work == 0 ? -1 : row->integer);
    return PIPES_OK;
}
