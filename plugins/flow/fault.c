/* flow.fault */
#include "flow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fault {
    uint64_t every, times;
    pipes_status answer;
    uint64_t rows;     /* that came, those that came again not counted */
    uint64_t failures; /* of the row that failed last and may come again; 0 for none */
    uint64_t digest;   /* of that row */
};

pipes_status fault_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state) {
    static const struct {
        const char *how;
        pipes_status answer;
    } answers[] = {
        {"reject", PIPES_REJECT},
        {"retry", PIPES_RETRY},
        {"fatal", PIPES_FATAL},
        {"skip", PIPES_SKIP},
    };
    (void)count;
    struct fault *fault = calloc(1, sizeof *fault);
    if (!fault) return flow_refuse(host, node, "no memory");
    fault->every = (uint64_t)args[0].integer;
    fault->times = (uint64_t)args[2].integer;
    for (size_t at = 0; at < sizeof answers / sizeof answers[0]; at++) {
        if (args[1].size == strlen(answers[at].how) &&
            !memcmp(args[1].text, answers[at].how, args[1].size)) {
            fault->answer = answers[at].answer;
        }
    }
    *state = fault;
    return PIPES_OK;
}

/* FNV-1a (Fowler, Noll, Vo) over all that makes a value; deep down only its size. */
static uint64_t digest(const pipes_value *value, unsigned depth) {
    uint64_t bits = 0xCBF29CE484222325u ^ value->kind ^ value->size << 8;
    if (value->kind == PIPES_STRING || value->kind == PIPES_BYTES) {
        for (uint64_t at = 0; at < value->size; at++)
            bits = (bits ^ value->bytes[at]) * 0x100000001B3u;
    } else if (value->kind == PIPES_LIST || value->kind == PIPES_MAP) {
        uint64_t items = depth < 8 ? value->size << (value->kind == PIPES_MAP) : 0;
        for (uint64_t at = 0; at < items; at++)
            bits = (bits ^ digest(value->items + at, depth + 1)) * 0x100000001B3u;
    } else {
        bits = flow_mix(bits ^ (uint64_t)value->integer);
    }
    return bits;
}

/* Whether this is the row that was last answered with PIPES_RETRY. It comes again before any other,
 * since a node that is not concurrent takes its rows in order; or never, where its retries are used
 * up, and then the next one looks different. */
static bool comes_again(const struct fault *fault, const pipes_value *row) {
    return fault->failures && fault->digest == digest(row, 0);
}

pipes_status fault_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    struct fault *fault = state;
    bool passes;
    if (comes_again(fault, row)) {
        passes = fault->failures == fault->times;
    } else {
        passes = ++fault->rows % fault->every != 0;
        fault->failures = 0;
    }
    if (passes) {
        fault->failures = 0;
        *result = *row;
        return PIPES_OK;
    }
    if (fault->answer == PIPES_SKIP) return PIPES_SKIP;
    if (fault->answer == PIPES_RETRY) {
        fault->failures++;
        fault->digest = digest(row, 0);
    }
    char reason[48];
    snprintf(reason, sizeof reason, "fault: row %" PRIu64, fault->rows);
    return pipes_explain(call, fault->answer, reason);
}
