/* A small host for the plugins written in C, as strict as the contract allows: every allocation is
 * a block of its own, inputs and results are freed as soon as they may be, and each row that comes
 * back is checked. Under AddressSanitizer or valgrind a plugin that keeps what it may not keep, or
 * writes past what it was given, is found at once. */
#ifndef HOST_H
#define HOST_H

#include <pipes/pipes.h>
#include <stdatomic.h>

/* Counts and prints what does not hold; main answers check_failures(). */
#define CHECK(CONDITION) check((CONDITION), #CONDITION, __FILE__, __LINE__)
bool check(bool holds, const char *what, const char *file, int line);
int check_failures(void);

/* Loads a plugin or ends the program. */
const pipes_plugin *plugin_load(const char *path);
/* What its description says is checked here; ends the program where there is no such processor. */
const pipes_processor *plugin_find(const pipes_plugin *plugin, const char *name);
/* Whether the processor has these params, "name=fallback name=fallback", "name!" for a required
 * one. */
void check_params(const pipes_processor *processor, const char *expected);

struct pipes_node {
    const pipes_processor *processor;
    void *state;
    const pipes_value *args;
    atomic_bool stopping;
    uint64_t inputs;
    char explained[1024]; /* by open */
    int64_t counted;      /* sum of all metrics */
    char logged[2][1024]; /* the first message and the last */
    int log_count;
    atomic_int open_calls;
    bool closes_in_complete; /* the last complete closes the node, as a host may */
};

/* What became of a call: valid until call_free, which ends the life of its results. */
struct result {
    pipes_value value;
    uint64_t row;
};
struct settled {
    uint64_t row;
    pipes_status status;
    char text[1100];
};
struct call;
struct outcome {
    pipes_status status;
    struct result *results; /* emitted, or the one of a map */
    uint64_t count;
    struct settled *settled;
    uint64_t settled_count;
    char explained[1024];
    struct call *call;
};

/* Opens with args in the order of params; the node stays usable for its `explained` when it fails.
 */
pipes_status node_open(pipes_node *node, const pipes_processor *processor, const pipes_value *args);
void node_stop(pipes_node *node); /* as a drain or a cancel does: stopping, then interrupt */
void node_close(pipes_node *node);

struct outcome node_produce(pipes_node *node, uint64_t demand);
/* `row` is copied, given to the processor, and freed when call_free ends the call. A deferred call
 * is waited for. */
struct outcome node_map(pipes_node *node, const pipes_value *row);
/* Rows one after the other, each of node->inputs values. */
struct outcome node_process(pipes_node *node, const pipes_value *rows, uint64_t count);
struct outcome node_flush(pipes_node *node);
void call_free(struct outcome *outcome);

/* The same, without waiting: outcome_wait gives the outcome. */
struct call *node_produce_soon(pipes_node *node, uint64_t demand);
struct call *node_map_soon(pipes_node *node, const pipes_value *row);
void call_cancel(struct call *call);
bool call_is_done(struct call *call);
struct outcome outcome_wait(struct call *call);

/* Makes the next `count` allocations (alloc, adopt, hold, emit) fail. */
void host_fail_after(int count);

pipes_value text(const char *text);
bool is_text(const pipes_value *value, const char *text);

#endif
