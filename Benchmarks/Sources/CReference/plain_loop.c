/* The limit: stages called one after the other on the same batch, in one thread. */
#include "processors.h"

enum { MOST_MAPS = 16 };

struct graph {
    opened source, maps[MOST_MAPS], sink;
    uint32_t map_count;
};

static const char *open_graph(struct graph *graph, reference_chain chain) {
    *graph = (struct graph){0};
    if (chain.map_count > MOST_MAPS) return "too many maps";
    const char *failure = open_processor(chain.plugin, chain.source, chain.rows, &graph->source);
    for (uint32_t index = 0; !failure && index < chain.map_count; index++) {
        failure = open_processor(chain.plugin, chain.map, 0, &graph->maps[index]);
        graph->map_count++;
    }
    if (!failure) failure = open_processor(chain.plugin, chain.sink, chain.sink_arg, &graph->sink);
    return failure;
}

static reference_result close_graph(struct graph *graph, uint64_t nanoseconds,
                                    const char *failure) {
    close_processor(&graph->source);
    for (uint32_t index = 0; index < graph->map_count; index++)
        close_processor(&graph->maps[index]);
    close_processor(&graph->sink);
    return (reference_result){nanoseconds, graph->sink.sum, failure};
}

/* A map over a batch: rows of `width` values, one result for each. */
static bool map_all(const opened *node, pipes_call *call, const pipes_value *rows, uint64_t count,
                    uint64_t width, pipes_value *results) {
    pipes_status (*map)(void *, pipes_call *, const pipes_value *, pipes_value *) =
        node->processor->map;
    void *state = node->state;
    call->width = width;
    for (uint64_t row = 0; row < count; row++)
        if (map(state, call, rows + row * width, results + row) != PIPES_OK) return false;
    return true;
}

typedef const char *body(struct graph *graph, plain_call *call);

static reference_result timed(reference_chain chain, body *run) {
    static plain_call call; /* too large for a stack; the loops have one thread */
    struct graph graph;
    const char *failure = open_graph(&graph, chain);
    uint64_t start = now();
    if (!failure) failure = run(&graph, &call);
    return close_graph(&graph, now() - start, failure);
}

static const char *run_chain(struct graph *graph, plain_call *call) {
    pipes_value buffers[2][BATCH_SIZE];
    pipes_status status = PIPES_OK;
    while (status == PIPES_OK) {
        reset_call(call, &graph->source, buffers[0]);
        status = produce(&graph->source, call);
        if (status != PIPES_OK && status != PIPES_END) return "the source failed";
        uint32_t index = 0;
        for (; index < graph->map_count; index++)
            if (!map_all(&graph->maps[index], &call->head, buffers[index % 2], call->count, 1,
                         buffers[(index + 1) % 2]))
                return "a map failed";
        if (sink(&graph->sink, call, buffers[index % 2], call->count) != PIPES_OK)
            return "the sink failed";
    }
    return NULL;
}

reference_result reference_plain_chain(reference_chain chain) { return timed(chain, run_chain); }

static const char *run_fan_out(struct graph *graph, plain_call *call) {
    pipes_value rows[BATCH_SIZE], results[BATCH_SIZE];
    pipes_status status = PIPES_OK;
    while (status == PIPES_OK) {
        reset_call(call, &graph->source, rows);
        status = produce(&graph->source, call);
        if (status != PIPES_OK && status != PIPES_END) return "the source failed";
        for (uint32_t index = 0; index < graph->map_count; index++) {
            if (!map_all(&graph->maps[index], &call->head, rows, call->count, 1, results))
                return "a map failed";
            if (sink(&graph->sink, call, results, call->count) != PIPES_OK)
                return "the sink failed";
        }
    }
    return NULL;
}

reference_result reference_plain_fan_out(reference_chain chain) {
    return timed(chain, run_fan_out);
}

static const char *run_five_nodes(struct graph *graph, plain_call *call) {
    pipes_value rows[BATCH_SIZE], reversed[BATCH_SIZE], upper[BATCH_SIZE], appended[BATCH_SIZE];
    pipes_value joined[2 * BATCH_SIZE];
    pipes_status status = PIPES_OK;
    while (status == PIPES_OK) {
        reset_call(call, &graph->source, rows);
        status = produce(&graph->source, call);
        if (status != PIPES_OK && status != PIPES_END) return "the source failed";
        uint64_t count = call->count;
        if (!map_all(&graph->maps[0], &call->head, rows, count, 1, reversed) ||
            !map_all(&graph->maps[1], &call->head, reversed, count, 1, upper))
            return "a map failed";
        for (uint64_t row = 0; row < count; row++) {
            joined[2 * row] = reversed[row];
            joined[2 * row + 1] = upper[row];
        }
        if (!map_all(&graph->maps[2], &call->head, joined, count, 2, appended))
            return "a map failed";
        if (sink(&graph->sink, call, upper, count) != PIPES_OK ||
            sink(&graph->sink, call, appended, count) != PIPES_OK)
            return "the sink failed";
    }
    return NULL;
}

reference_result reference_plain_five_nodes(reference_chain chain) {
    static const char *const names[] = {"reverse", "upper", "append_reverse"};
    static plain_call call;
    struct graph graph;
    chain.source = "texts";
    chain.map_count = 0;
    const char *failure = open_graph(&graph, chain);
    for (; !failure && graph.map_count < 3; graph.map_count++)
        failure =
            open_processor(chain.plugin, names[graph.map_count], 0, &graph.maps[graph.map_count]);
    uint64_t start = now();
    if (!failure) failure = run_five_nodes(&graph, &call);
    return close_graph(&graph, now() - start, failure);
}
