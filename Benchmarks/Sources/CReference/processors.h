/* Opening processors of a plugin without a host. */
#ifndef PROCESSORS_H
#define PROCESSORS_H

#include "include/reference.h"

#include <pipes/pipes.h>

enum { BATCH_SIZE = 256, ARENA_SIZE = 1 << 18 };

/* A processor, open. It is its own pipes_node. */
typedef struct opened {
    const pipes_processor *processor;
    void *state;
    int64_t sum; /* what it counted under that name */
} opened;

/* A call of a processor: where its values go, and the memory for what they point at. */
typedef struct plain_call {
    pipes_call head; /* first: a processor sees this alone */
    pipes_value *rows;
    uint64_t count;
    char arena[ARENA_SIZE];
} plain_call;

/* Opens processor `name` with `arg` for its first INT param, and defaults for others.
 * Answers NULL, or what is wrong. */
const char *open_processor(const char *plugin, const char *name, int64_t arg, opened *to);
/* Flushes and closes it, if it is open. */
void close_processor(opened *node);

/* Made ready for the next batch of `node`: an empty arena, and room for results in `rows`. */
void reset_call(plain_call *call, opened *node, pipes_value *rows);
/* Calls the source: rows end up in call->rows, call->count of them. */
static inline pipes_status produce(opened *source, plain_call *call) {
    call->head.demand = BATCH_SIZE;
    return source->processor->produce(source->state, &call->head);
}
static inline pipes_status sink(opened *node, plain_call *call, const pipes_value *rows,
                                uint64_t count) {
    const pipes_value *const columns[] = {rows};
    pipes_batch batch = {.count = count, .width = 1, .columns = columns};
    call->head.node = (pipes_node *)node;
    return node->processor->process(node->state, &call->head, &batch);
}

uint64_t now(void);

#endif
