/* flow.batch: rows are not copied. What is still to be put into a LIST is held, and each LIST takes
 * the holds that it needs along.
 *
 * A call that fails must leave everything as it was, since its rows come again: what can fail comes
 * first, what is certain last. */
#include "flow.h"

#include <stdlib.h>
#include <string.h>

/* The inputs of one call, kept alive. */
struct kept {
    struct kept *next;
    const pipes_host *host;
    pipes_hold *hold;
};

struct collector {
    uint64_t size; /* rows in a LIST */
    uint64_t width;
    pipes_value *values; /* of the rows that wait, row by row */
    uint64_t rows, capacity;
    size_t byte_count; /* what they keep alive, about */
    struct kept *kept;
};

pipes_status batch_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state) {
    (void)count;
    struct collector *collector = calloc(1, sizeof *collector);
    if (!collector) return flow_refuse(host, node, "no memory");
    collector->size = (uint64_t)args[0].integer;
    collector->width = 1;
    *state = collector;
    return PIPES_OK;
}

static void let_go(void *context) {
    for (struct kept *kept = context; kept;) {
        struct kept *next = kept->next;
        kept->host->let_go(kept->hold);
        free(kept);
        kept = next;
    }
}

/* Columns become rows; answers how many bytes their texts have. */
static size_t copy_rows(pipes_value *to, const pipes_batch *batch, uint64_t from, uint64_t rows) {
    size_t byte_count = rows * batch->width * sizeof *to;
    for (uint64_t input = 0; input < batch->width; input++) {
        for (uint64_t row = 0; row < rows; row++) {
            pipes_value value = batch->columns[input][from + row];
            if (value.kind == PIPES_STRING || value.kind == PIPES_BYTES) byte_count += value.size;
            to[row * batch->width + input] = value;
        }
    }
    return byte_count;
}

/* One LIST of the first `waiting` rows that wait and of `fresh` ones of this call. */
static pipes_status emit_list(const struct collector *collector, pipes_call *call, uint64_t waiting,
                              const pipes_batch *batch, uint64_t from, uint64_t fresh) {
    uint64_t rows = waiting + fresh, width = collector->width;
    pipes_value *values = pipes_alloc(call, rows * width * sizeof *values), *items = values;
    if (!values) return PIPES_RETRY;
    if (waiting) memcpy(values, collector->values, waiting * width * sizeof *values);
    if (fresh) copy_rows(values + waiting * width, batch, from, fresh);
    if (width > 1) {
        items = pipes_alloc(call, rows * sizeof *items);
        if (!items) return PIPES_RETRY;
        for (uint64_t row = 0; row < rows; row++)
            items[row] = pipes_list(values + row * width, width);
    }
    return pipes_emit(call, PIPES_NO_ROW, pipes_list(items, rows));
}

static bool reserve(struct collector *collector, uint64_t rows) {
    if (rows <= collector->capacity) return true;
    uint64_t capacity = rows > collector->capacity * 2 ? rows : collector->capacity * 2;
    pipes_value *values = realloc(collector->values, capacity * collector->width * sizeof *values);
    if (!values) return false;
    collector->values = values;
    collector->capacity = capacity;
    return true;
}

/* Hands the holds of all rows that waited over to the LIST that they are in now. */
static pipes_status hand_over(struct collector *collector, pipes_call *call) {
    if (collector->kept) {
        pipes_status status =
            call->host->adopt(call, collector->byte_count, let_go, collector->kept);
        if (status != PIPES_OK) return status;
    }
    collector->kept = NULL;
    collector->rows = 0;
    collector->byte_count = 0;
    return PIPES_OK;
}

pipes_status batch_process(void *state, pipes_call *call, const pipes_batch *batch) {
    struct collector *collector = state;
    if (!collector->rows && !collector->values) collector->width = batch->width;
    uint64_t waiting = collector->rows, from = 0;
    while (batch->count - from >= collector->size - waiting) {
        uint64_t fresh = collector->size - waiting;
        pipes_status status = emit_list(collector, call, waiting, batch, from, fresh);
        if (status != PIPES_OK) return status;
        from += fresh;
        waiting = 0;
    }
    uint64_t rest = batch->count - from;
    struct kept *kept = NULL;
    if (rest) {
        if (!reserve(collector, waiting + rest)) return PIPES_RETRY;
        kept = malloc(sizeof *kept);
        if (!kept) return PIPES_RETRY;
        *kept = (struct kept){NULL, call->host, call->host->hold(call)};
        if (!kept->hold) {
            free(kept);
            return PIPES_RETRY;
        }
    }
    if (from) {
        pipes_status status = hand_over(collector, call);
        if (status != PIPES_OK) {
            let_go(kept);
            return status;
        }
    }
    if (rest) {
        collector->byte_count +=
            copy_rows(collector->values + collector->rows * collector->width, batch, from, rest);
        collector->rows += rest;
        kept->next = collector->kept;
        collector->kept = kept;
    }
    return PIPES_OK;
}

pipes_status batch_flush(void *state, pipes_call *call) {
    struct collector *collector = state;
    if (!collector->rows) return PIPES_OK;
    pipes_status status = emit_list(collector, call, collector->rows, NULL, 0, 0);
    return status == PIPES_OK ? hand_over(collector, call) : status;
}

void batch_close(void *state) {
    struct collector *collector = state;
    let_go(collector->kept);
    free(collector->values);
    free(collector);
}
