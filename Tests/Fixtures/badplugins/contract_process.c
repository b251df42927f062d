/* A split that breaks one rule of pipes.h, chosen by -D; without one it keeps them all. It yields a
 * text twice, or is a sink, an aggregate or a processor that keeps keys. */
#include <pipes/pipes.h>
#include <stdlib.h>
#include <string.h>

struct state {
    int64_t rows;
    char *text; /* a copy of the last row */
    pipes_value kept;
};

#if defined LEAKS_IN_FLUSH
static void *volatile lost;
#endif

static int open_nodes;

static pipes_status open_node(const pipes_host *host, pipes_node *node, const pipes_value *args,
                              size_t count, void **result) {
    (void)host;
    (void)node;
    (void)args;
    (void)count;
    *result = calloc(1, sizeof(struct state));
    if (!*result) return PIPES_RETRY;
    open_nodes++;
    return PIPES_OK;
}

static void close_node(void *context) {
    struct state *state = context;
    free(state->text);
    free(state);
    open_nodes--;
}

#if defined RELEASE_NEEDS_AN_OPEN_NODE
static void release(void *context) {
    (void)context;
    if (!open_nodes) abort();
}
#endif

static pipes_status take(void *context, pipes_call *call, const pipes_batch *batch) {
    struct state *state = context;
#if defined ANSWERS_SKIP
    return PIPES_SKIP;
#elif defined COUNTS_BEFORE_IT_CAN_FAIL
    state->rows += (int64_t)batch->count;
    if (!pipes_alloc(call, 64)) return PIPES_RETRY;
    return PIPES_OK;
#elif defined AGGREGATES || defined HOLDS_MORE_THAN_IT_SAYS
    if (!pipes_alloc(call, 64)) return PIPES_RETRY;
    state->rows += (int64_t)batch->count;
    return PIPES_OK;
#elif defined AGGREGATES_IN_MEMORY_OF_A_CALL
    for (uint64_t row = 0; row < batch->count; row++) {
        pipes_value text = batch->columns[0][row];
        if (text.kind == PIPES_NULL || !text.size) continue;
        char *copy = pipes_alloc(call, text.size);
        if (!copy) return PIPES_RETRY;
        memcpy(copy, text.text, text.size);
        state->kept = pipes_string(copy, text.size);
    }
    return PIPES_OK;
#elif defined HOLDS_FOR_EVER
    if (!call->host->hold(call)) return PIPES_RETRY;
#elif defined RELEASE_NEEDS_AN_OPEN_NODE
    call->host->adopt(call, 8, release, NULL);
#endif
    for (uint64_t row = 0; row < batch->count; row++) {
        pipes_value text = batch->columns[0][row];
        if (text.kind == PIPES_NULL) continue;
        free(state->text);
        state->text = malloc(text.size + 1);
#if !defined TRUSTS_IN_MALLOC
        if (!state->text) return PIPES_RETRY;
#endif
        if (text.size) memcpy(state->text, text.text, text.size);
        uint64_t origin = row;
#if defined EMITS_WITHOUT_A_ROW
        origin = PIPES_NO_ROW;
#elif defined EMITS_OF_A_ROW_TOO_FAR
        origin = row + 1000;
#elif defined NUMBERS_ROWS_OF_A_BATCH
        text = pipes_string("abcdefghij", row % 10);
#elif defined YIELDS_FREED_MEMORY
        text = pipes_string(state->text, text.size);
#endif
        for (int time = 0; time < 2; time++) {
            pipes_status status = pipes_emit(call, origin, text);
            if (status != PIPES_OK) return status;
        }
#if defined SETTLES_A_ROW_TOO_FAR
        call->host->settle(call, batch->count, PIPES_SKIP, NULL, 0);
#endif
    }
    return PIPES_OK;
}

static pipes_status flush(void *context, pipes_call *call) {
    struct state *state = context;
#if defined AGGREGATES || defined COUNTS_BEFORE_IT_CAN_FAIL || defined HOLDS_MORE_THAN_IT_SAYS
    return pipes_emit(call, PIPES_NO_ROW, pipes_int(state->rows));
#elif defined AGGREGATES_IN_MEMORY_OF_A_CALL
    return pipes_emit(call, PIPES_NO_ROW, state->kept);
#elif defined LEAKS_IN_FLUSH
    (void)state;
    (void)call;
    lost = malloc(1000);
    return PIPES_OK;
#elif defined NEEDS_A_ROW_BEFORE_FLUSH
    (void)call;
    state->text[0] = 'x';
    return PIPES_OK;
#elif defined EMITS_IN_FLUSH
    (void)state;
    return pipes_emit(call, PIPES_NO_ROW, pipes_string("end", 3));
#elif defined FLUSH_ANSWERS_REJECT
    (void)state;
    (void)call;
    return PIPES_REJECT;
#else
    (void)state;
    (void)call;
    return PIPES_OK;
#endif
}

static const pipes_port text[] = {PIPES_PORT(PIPES_STRING, "text", "any text")};
#if defined AGGREGATES || defined COUNTS_BEFORE_IT_CAN_FAIL || defined HOLDS_MORE_THAN_IT_SAYS
static const pipes_port out[] = {PIPES_PORT(PIPES_INT, "count", "rows")};
#elif !defined SINK_THAT_EMITS
static const pipes_port out[] = {PIPES_PORT(PIPES_STRING, "text", "the same text")};
#endif

static const pipes_processor processors[] = {
    {
        .struct_size = sizeof(pipes_processor),
#if defined SINK_THAT_EMITS
        .flags = PIPES_SINK,
#else
        .output_count = 1,
        .outputs = out,
#endif
        .name = "twice",
        .summary = "Yields a text twice.",
        .input_count = 1,
        .inputs = text,
#if defined AGGREGATES || defined COUNTS_BEFORE_IT_CAN_FAIL
        .rate = PIPES_RATE_AGGREGATES,
        .holds = "all",
#elif defined HOLDS_MORE_THAN_IT_SAYS
        .rate = PIPES_RATE_AGGREGATES,
        .holds = "2",
#elif defined AGGREGATES_IN_MEMORY_OF_A_CALL
        .rate = PIPES_RATE_AGGREGATES,
        .holds = "all",
#elif defined EMITS_TWICE_THOUGH_IT_KEEPS
        .rate = PIPES_RATE_KEEPS,
#else
        .rate = PIPES_RATE_SPLITS,
#endif
        .open = open_node,
        .process = take,
        .flush = flush,
        .close = close_node,
    },
};

PIPES_PLUGIN("rules", "1.0.0", "Breaks a rule.", processors)
