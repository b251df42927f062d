/* io.print: rows on standard output. */
#define _POSIX_C_SOURCE 200809L
#include "io.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Several nodes may print, each from a thread of its own. */
static pthread_mutex_t standard_output = PTHREAD_MUTEX_INITIALIZER;

pipes_status print_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state) {
    (void)count;
    struct sink *sink = calloc(1, sizeof *sink);
    if (!sink) return io_fail(host, node, NULL, "no memory");
    sink->host = host;
    sink->node = node;
    sink->name = "standard output";
    sink->end_when_closed = true;
    sink->text.non_finite = non_finite_of(&args[0]);
    sink->turn = &standard_output;
    pipes_status status = sink_open(sink, STDOUT_FILENO);
    if (status == PIPES_OK) {
        *state = sink;
    } else {
        free(sink);
    }
    return status;
}

pipes_status print_process(void *state, pipes_call *call, const pipes_batch *batch) {
    return sink_rows(state, call, batch);
}

void print_interrupt(void *state) {
    struct sink *sink = state;
    wake_up(sink->wake);
}

void print_close(void *state) {
    sink_close(state);
    free(state);
}
