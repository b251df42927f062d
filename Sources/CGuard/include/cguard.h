/* Calls of a plugin's functions that no C++ exception comes out of.
 *
 * Swift can't catch a C++ exception, and one that passes its frames ends the process. So the calls
 * that plugins are made with go through here. An exception that a plugin's own thread lets out is
 * still the end of the process, as in any C++ program.
 *
 * Threads: any; nothing is kept between calls. */
#ifndef CGUARD_H
#define CGUARD_H

#include "cguard_process.h"
#include <pipes/pipes.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What came out of a call. */
typedef struct cguard_thrown {
    bool is_thrown;
    char text[256]; /* what() of a std::exception; ends with 0, cut where it is longer */
} cguard_thrown;

/* Each calls `function` with the arguments behind it and answers what it answers; where it throws,
 * `thrown` says so, and the answer is PIPES_REJECT. `thrown` is not touched otherwise. */
pipes_status cguard_open(
    pipes_status (*function)(const pipes_host *host, pipes_node *node, const pipes_value *args,
                             size_t count, void **state),
    const pipes_host *host, pipes_node *node, const pipes_value *args, size_t count, void **state,
    cguard_thrown *thrown);
pipes_status cguard_call(pipes_status (*function)(void *state, pipes_call *call), void *state,
                         pipes_call *call, cguard_thrown *thrown);

/* Rows that lie one after the other, and what is expected of their results. */
typedef struct cguard_rows {
    const pipes_value *rows;
    size_t width; /* values in a row */
    pipes_value *results;
    size_t count;
    pipes_kind kind;        /* of the first output; PIPES_ANY for all */
    uint64_t largest_size;  /* of a text */
    size_t done;              /* rows of the same call before these */
    const uint8_t *attention; /* not 0: no further row; changed from any thread, with atomic stores */
} cguard_rows;

/* Calls a map for row after row, each result PIPES_NULL to start with, as long as all is as
 * expected: PIPES_OK, the first output, and a result of its kind with nothing inside to look at.
 * Answers how many rows were; `status` is the answer of the one behind them. The loop stands here
 * since a graph spends its time in it. */
size_t cguard_map(pipes_status (*function)(void *state, pipes_call *call, const pipes_value *row,
                                           pipes_value *result),
                  void *state, pipes_call *call, const cguard_rows *rows, pipes_status *status,
                  cguard_thrown *thrown);
pipes_status cguard_process(pipes_status (*function)(void *state, pipes_call *call,
                                                     const pipes_batch *batch),
                            void *state, pipes_call *call, const pipes_batch *batch,
                            cguard_thrown *thrown);
void cguard_cancel(void (*function)(void *state, pipes_ticket ticket, void *context), void *state,
                   pipes_ticket ticket, void *context, cguard_thrown *thrown);
/* close and interrupt. */
void cguard_tell(void (*function)(void *state), void *state, cguard_thrown *thrown);

#ifdef __cplusplus
}
#endif
#endif
