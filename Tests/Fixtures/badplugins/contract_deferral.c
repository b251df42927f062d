/* A map that defers, or a source, which breaks one rule of pipes.h, chosen by -D; without one it
 * keeps them all. */
#define _GNU_SOURCE
#include <pipes/pipes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wait {
    const pipes_host *host;
    pipes_ticket ticket;
    pipes_value value;
};

#if defined SHARES_WITH_OTHER_CALLS
/* Of a node; nobody else counts while a row waits, it thinks. */
static int64_t completed;

static pipes_status open_node(const pipes_host *host, pipes_node *node, const pipes_value *args,
                              size_t count, void **result) {
    (void)host;
    (void)node;
    (void)args;
    (void)count;
    (void)result;
    completed = 0;
    return PIPES_OK;
}
#endif

static void *complete_later(void *context) {
    struct wait *wait = context;
#if !defined NEVER_COMPLETES
#if defined SHARES_WITH_OTHER_CALLS
    int64_t before = completed;
    usleep(2000);
    completed = before + 1;
    wait->value = pipes_int(completed);
#endif
    usleep(500);
    pipes_status status =
        wait->host->cancelled(wait->host, wait->ticket) ? PIPES_CANCELLED : PIPES_OK;
#if defined COMPLETES_WITH_A_NUMBER
    status = (pipes_status)17;
#endif
    wait->host->complete(wait->host, wait->ticket, status,
                         status == PIPES_OK ? &wait->value : NULL);
#if defined COMPLETES_TWICE
    wait->host->complete(wait->host, wait->ticket, status,
                         status == PIPES_OK ? &wait->value : NULL);
#endif
#endif
    free(wait);
    return NULL;
}

static pipes_status start(pipes_call *call, pipes_value value) {
#if defined DEFERS_WITHOUT_A_TICKET
    (void)call;
    (void)value;
    return PIPES_DEFERRED;
#else
    struct wait *wait = malloc(sizeof *wait);
    if (!wait) return PIPES_RETRY;
    wait->host = call->host;
    wait->value = value;
    wait->ticket = call->host->defer(call, NULL);
#if defined DEFERS_AND_ANSWERS_OK
    wait->host->complete(wait->host, wait->ticket, PIPES_OK, &value);
    free(wait);
    return PIPES_OK;
#else
    pthread_t thread;
    if (pthread_create(&thread, NULL, complete_later, wait) != 0) {
        wait->host->complete(wait->host, wait->ticket, PIPES_RETRY, NULL);
        free(wait);
    } else {
        pthread_detach(thread);
    }
    return PIPES_DEFERRED;
#endif
#endif
}

static void cancel(void *state, pipes_ticket ticket, void *context) {
    (void)state;
    (void)ticket;
    (void)context;
}

#if defined SOURCE_EMITS_FROM_ROWS || defined SOURCE_CANCELS_ITSELF
static pipes_status produce(void *state, pipes_call *call) {
    (void)state;
#if defined SOURCE_CANCELS_ITSELF
    if (call->host->stopping(call->node)) return PIPES_CANCELLED;
    return pipes_emit(call, PIPES_NO_ROW, pipes_int(1));
#else
    return pipes_emit(call, 0, pipes_int(1));
#endif
}
#elif defined ABORTS_AT_A_TENSOR || defined ABORTS_AT_DEEP_LISTS || defined SINK_THAT_YIELDS
static pipes_status look(void *state, pipes_call *call, const pipes_value *row,
                         pipes_value *result) {
    (void)state;
    (void)call;
#if defined ABORTS_AT_A_TENSOR
    if (row->kind == PIPES_TENSOR) abort();
#elif defined ABORTS_AT_DEEP_LISTS
    uint64_t depth = 0;
    for (const pipes_value *item = row; item->kind == PIPES_LIST && item->size; depth++)
        item = item->items;
    if (depth > 10) abort();
#endif
    *result = *row;
    return PIPES_OK;
}
#elif defined BLOCKS_FOR_EVER
static pipes_status produce(void *state, pipes_call *call) {
    (void)state;
    (void)call;
    for (;;) usleep(100000);
    return PIPES_END;
}
#elif defined SOURCE_REJECTS
static pipes_status produce(void *state, pipes_call *call) {
    (void)state;
    (void)call;
    return PIPES_REJECT;
}
#else
static pipes_status later(void *state, pipes_call *call, const pipes_value *row,
                          pipes_value *result) {
    (void)state;
    (void)result;
    return start(call, *row);
}
#endif

static const pipes_port value[] = {PIPES_PORT(PIPES_ANY, "value", "any value")};

static const pipes_processor processors[] = {
    {
        .struct_size = sizeof(pipes_processor),
        .name = "later",
        .summary = "Passes a row on from another thread.",
#if !defined SINK_THAT_YIELDS
        .output_count = 1,
        .outputs = value,
#endif
#if defined BLOCKS_FOR_EVER || defined SOURCE_REJECTS || defined SOURCE_EMITS_FROM_ROWS || \
    defined SOURCE_CANCELS_ITSELF
        .produce = produce,
#elif defined ABORTS_AT_A_TENSOR || defined ABORTS_AT_DEEP_LISTS || defined SINK_THAT_YIELDS
        .input_count = 1,
        .inputs = value,
        .map = look,
#if defined SINK_THAT_YIELDS
        .flags = PIPES_SINK,
#endif
#else
        .input_count = 1,
        .inputs = value,
        .map = later,
#if !defined DEFERS_WITHOUT_THE_FLAG
        .flags = PIPES_DEFERS,
        .cancel = cancel,
#endif
#if defined SHARES_WITH_OTHER_CALLS
        .open = open_node,
#endif
#endif
    },
};

/* Whatever is not used by a mistake. */
void *const used[] __attribute__((visibility("hidden"))) = {
    (void *)start, (void *)cancel, (void *)complete_later};

PIPES_PLUGIN("rules", "1.0.0", "Breaks a rule.", processors)
