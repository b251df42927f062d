/* Sinks: they look at each row, and tell in counters what they saw. */
#include "measured.h"

#include <stdlib.h>

struct sink {
    int64_t sum;      /* of the INTs, of the sizes of other values */
    int64_t last;     /* the INT before */
    int64_t disorder; /* INTs below the one before */
    int64_t strange;  /* buffers at another place than their source made them */
    uint64_t rounds;  /* of work for each row */
    int64_t *ages;    /* nanoseconds on the way, by row */
    size_t age_count, age_capacity;
};

pipes_status sink_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                       size_t count, void **state) {
    (void)host, (void)node;
    struct sink *sink = calloc(1, sizeof *sink);
    if (!sink) return PIPES_FATAL;
    if (count) sink->rounds = (uint64_t)args[0].integer;
    sink->last = INT64_MIN;
    *state = sink;
    return PIPES_OK;
}

pipes_status sum_process(void *state, pipes_call *call, const pipes_batch *batch) {
    (void)call;
    struct sink *sink = state;
    const pipes_value *rows = batch->columns[0];
    int64_t sum = sink->sum, last = sink->last, disorder = 0;
    for (uint64_t row = 0; row < batch->count; row++) {
        if (rows[row].kind == PIPES_INT) {
            sum += rows[row].integer;
            disorder += rows[row].integer < last;
            last = rows[row].integer;
        } else {
            sum += (int64_t)rows[row].size;
        }
    }
    sink->sum = sum;
    sink->last = last;
    sink->disorder += disorder;
    return PIPES_OK;
}

pipes_status slow_sum_process(void *state, pipes_call *call, const pipes_batch *batch) {
    struct sink *sink = state;
    const pipes_value *rows = batch->columns[0];
    for (uint64_t row = 0; row < batch->count; row++) {
        uint64_t work = measured_rounds((uint64_t)rows[row].integer, sink->rounds);
        sink->strange += work == 0;
    }
    return sum_process(state, call, batch);
}

pipes_status same_buffer_process(void *state, pipes_call *call, const pipes_batch *batch) {
    (void)call;
    struct sink *sink = state;
    for (uint64_t row = 0; row < batch->count; row++) {
        const void *buffer = batch->columns[0][row].bytes;
        sink->strange += *(const void *const *)buffer != buffer;
        sink->sum += (int64_t)batch->columns[0][row].size;
    }
    return PIPES_OK;
}

pipes_status sum_flush(void *state, pipes_call *call) {
    struct sink *sink = state;
    const pipes_host *host = call->host;
    host->count(call->node, "sum", sink->sum);
    host->count(call->node, "disorder", sink->disorder);
    host->count(call->node, "strange", sink->strange);
    return PIPES_OK;
}

/* ------------------------------------------------------------------ latency -- */

pipes_status latency_process(void *state, pipes_call *call, const pipes_batch *batch) {
    (void)call;
    struct sink *sink = state;
    int64_t now = (int64_t)measured_now();
    for (uint64_t row = 0; row < batch->count; row++) {
        if (sink->age_count == sink->age_capacity) {
            size_t capacity = sink->age_capacity ? 2 * sink->age_capacity : 1024;
            int64_t *ages = realloc(sink->ages, capacity * sizeof *ages);
            if (!ages) return PIPES_FATAL;
            sink->ages = ages;
            sink->age_capacity = capacity;
        }
        sink->ages[sink->age_count++] = now - batch->columns[0][row].integer;
    }
    return PIPES_OK;
}

static int compare(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

pipes_status latency_flush(void *state, pipes_call *call) {
    struct sink *sink = state;
    const pipes_host *host = call->host;
    if (!sink->age_count) return PIPES_OK;
    qsort(sink->ages, sink->age_count, sizeof *sink->ages, compare);
    host->count(call->node, "p50", sink->ages[sink->age_count / 2]);
    host->count(call->node, "p99", sink->ages[sink->age_count * 99 / 100]);
    host->count(call->node, "worst", sink->ages[sink->age_count - 1]);
    return PIPES_OK;
}

void latency_close(void *state) {
    struct sink *sink = state;
    free(sink->ages);
    free(sink);
}
