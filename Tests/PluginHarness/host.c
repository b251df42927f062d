#define _POSIX_C_SOURCE 200809L
#include "host.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------- checks -- */

static atomic_int failures;

bool check(bool holds, const char *what, const char *file, int line) {
    if (!holds) {
        failures++;
        fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    }
    return holds;
}

int check_failures(void) { return failures; }

static void *must(void *memory) {
    if (memory) return memory;
    fprintf(stderr, "no memory\n");
    exit(70);
}

pipes_value text(const char *text) { return pipes_string(text, strlen(text)); }

bool is_text(const pipes_value *value, const char *text) {
    return value->kind == PIPES_STRING && value->size == strlen(text) &&
           !memcmp(value->text, text, value->size);
}

/* ------------------------------------------------------- inputs that are held -- */

/* The inputs of a call, freed with the last who may look at them. */
struct pipes_hold {
    atomic_int users;
    pipes_value *values;
    uint64_t count;
};

static pipes_value copy_of(const pipes_value *value) {
    pipes_value copy = *value;
    if (value->kind == PIPES_STRING || value->kind == PIPES_BYTES) {
        copy.bytes = must(malloc(value->size ? value->size : 1));
        if (value->size) memcpy((void *)copy.bytes, value->bytes, value->size);
    } else if (value->kind == PIPES_LIST || value->kind == PIPES_MAP) {
        uint64_t count = value->size << (value->kind == PIPES_MAP);
        pipes_value *items = must(malloc(count * sizeof *items + 1));
        for (uint64_t at = 0; at < count; at++) items[at] = copy_of(&value->items[at]);
        copy.items = items;
    }
    return copy;
}

static void free_copy(pipes_value *value) {
    if (value->kind == PIPES_STRING || value->kind == PIPES_BYTES) {
        free((void *)value->bytes);
    } else if (value->kind == PIPES_LIST || value->kind == PIPES_MAP) {
        uint64_t count = value->size << (value->kind == PIPES_MAP);
        for (uint64_t at = 0; at < count; at++) free_copy((pipes_value *)&value->items[at]);
        free((void *)value->items);
    }
}

static pipes_hold *inputs_new(const pipes_value *values, uint64_t count) {
    pipes_hold *inputs = must(calloc(1, sizeof *inputs));
    inputs->users = 1;
    inputs->count = count;
    inputs->values = must(calloc(count + 1, sizeof *values));
    for (uint64_t at = 0; at < count; at++) inputs->values[at] = copy_of(&values[at]);
    return inputs;
}

static void inputs_let_go(pipes_hold *inputs) {
    if (--inputs->users) return;
    for (uint64_t at = 0; at < inputs->count; at++) free_copy(&inputs->values[at]);
    free(inputs->values);
    free(inputs);
}

/* -------------------------------------------------------------------- calls -- */

struct owned {
    struct owned *next;
    void (*release)(void *context);
    void *context;
};

struct call {
    pipes_call head; /* first: the plugin's view of it */
    struct outcome outcome;
    pipes_hold *inputs;
    struct owned *owned;
    uint64_t ticket; /* 0: not deferred */
    void *context;
    bool is_done, is_cancelled, is_inside;
    struct call *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct call *deferred;
static uint64_t last_ticket;
static atomic_int fail_after = -1;

void host_fail_after(int count) { fail_after = count; }

static bool fails_now(void) { return fail_after >= 0 && fail_after-- == 0; }

static void own(struct call *call, void (*release)(void *), void *context) {
    struct owned *owned = must(malloc(sizeof *owned));
    *owned = (struct owned){call->owned, release, context};
    call->owned = owned;
}

static void *host_alloc(pipes_call *head, size_t size, size_t alignment) {
    CHECK(alignment && !(alignment & (alignment - 1)));
    if (fails_now()) return NULL;
    void *memory = must(aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment));
    own((struct call *)head, free, memory);
    return memory;
}

static pipes_status host_adopt(pipes_call *head, size_t size, void (*release)(void *),
                               void *context) {
    (void)size;
    if (fails_now()) return PIPES_RETRY;
    own((struct call *)head, release, context);
    return PIPES_OK;
}

/* Reads all of a value, so that a sanitizer sees what is not there. */
static uint64_t touch(const pipes_value *value) {
    uint64_t sum = 0;
    CHECK(value->flags == 0);
    switch (value->kind) {
    case PIPES_NULL:
    case PIPES_BOOL:
    case PIPES_INT:
    case PIPES_FLOAT: CHECK(value->size == 0); return (uint64_t)value->integer;
    case PIPES_STRING:
    case PIPES_BYTES:
        for (uint64_t at = 0; at < value->size; at++) sum += value->bytes[at];
        return sum;
    case PIPES_LIST:
    case PIPES_MAP:
        for (uint64_t at = 0; at < value->size << (value->kind == PIPES_MAP); at++)
            sum += touch(&value->items[at]);
        return sum;
    default: CHECK(!"a kind that there is"); return 0;
    }
}

static volatile uint64_t touched;

static void add_result(struct outcome *outcome, uint64_t row, const pipes_value *value) {
    if ((outcome->count & (outcome->count - 1)) == 0) {
        uint64_t capacity = outcome->count ? outcome->count * 2 : 1;
        outcome->results = must(realloc(outcome->results, capacity * sizeof *outcome->results));
    }
    outcome->results[outcome->count++] = (struct result){*value, row};
}

static pipes_status host_emit(pipes_call *head, uint32_t port, uint64_t row,
                              const pipes_value *value) {
    struct call *call = (struct call *)head;
    const pipes_processor *processor = head->node->processor;
    CHECK(port == 0 && !processor->map && !(processor->flags & PIPES_SINK));
    CHECK(processor->rate == PIPES_RATE_SPLITS ? row != PIPES_NO_ROW : row == PIPES_NO_ROW);
    CHECK(processor->outputs[0].kind == PIPES_ANY || processor->outputs[0].kind == value->kind);
    if (fails_now()) return PIPES_RETRY;
    if (processor->produce && !CHECK(call->outcome.count < head->demand)) return PIPES_RETRY;
    add_result(&call->outcome, row, value);
    return PIPES_OK;
}

static void host_settle(pipes_call *head, uint64_t row, pipes_status status, const char *reason,
                        size_t size) {
    struct outcome *outcome = &((struct call *)head)->outcome;
    outcome->settled =
        must(realloc(outcome->settled, (outcome->settled_count + 1) * sizeof *outcome->settled));
    struct settled *settled = &outcome->settled[outcome->settled_count++];
    settled->row = row;
    settled->status = status;
    snprintf(settled->text, sizeof settled->text, "%.*s", (int)size, reason);
}

static void host_explain(pipes_node *node, pipes_call *head, const char *reason, size_t size) {
    char *to = head ? ((struct call *)head)->outcome.explained : node->explained;
    snprintf(to, sizeof node->explained, "%.*s", (int)size, reason);
}

static pipes_hold *host_hold(pipes_call *head) {
    if (fails_now()) return NULL;
    pipes_hold *inputs = ((struct call *)head)->inputs;
    inputs->users++;
    return inputs;
}

/* --------------------------------------------------------- deferred calls -- */

static struct call *find(uint64_t ticket) {
    struct call *call = deferred;
    while (call && call->ticket != ticket) call = call->next;
    return call;
}

static pipes_ticket host_defer(pipes_call *head, void *context) {
    struct call *call = (struct call *)head;
    CHECK(head->node->processor->flags & PIPES_DEFERS);
    pthread_mutex_lock(&lock);
    call->ticket = ++last_ticket;
    call->context = context;
    call->next = deferred;
    deferred = call;
    bool cancelled = call->is_cancelled;
    pthread_mutex_unlock(&lock);
    /* A cancel that was asked for already comes before the plugin has stored its ticket. */
    if (cancelled)
        head->node->processor->cancel(head->node->state, (pipes_ticket){call->ticket}, context);
    return (pipes_ticket){call->ticket};
}

static pipes_call *host_resume(const pipes_host *host, pipes_ticket ticket) {
    (void)host;
    pthread_mutex_lock(&lock);
    struct call *call = find(ticket.id);
    pthread_mutex_unlock(&lock);
    return call ? &call->head : NULL;
}

static bool host_complete(const pipes_host *host, pipes_ticket ticket, pipes_status status,
                          const pipes_value *value) {
    (void)host;
    pthread_mutex_lock(&lock);
    struct call *call = find(ticket.id);
    pipes_node *closing = NULL;
    if (CHECK(call != NULL)) {
        struct call **link = &deferred;
        while (*link != call) link = &(*link)->next;
        *link = call->next;
        call->outcome.status = status;
        if (value) add_result(&call->outcome, PIPES_NO_ROW, value);
        if (--call->head.node->open_calls == 0 && call->head.node->closes_in_complete)
            closing = call->head.node;
        call->is_done = !closing;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    if (closing) {
        node_close(closing);
        pthread_mutex_lock(&lock);
        call->is_done = true;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return call != NULL;
}

static bool host_cancelled(const pipes_host *host, pipes_ticket ticket) {
    (void)host;
    pthread_mutex_lock(&lock);
    struct call *call = find(ticket.id);
    bool cancelled = call && call->is_cancelled;
    pthread_mutex_unlock(&lock);
    return cancelled;
}

void call_cancel(struct call *call) {
    pthread_mutex_lock(&lock);
    call->is_cancelled = true;
    uint64_t ticket = call->is_done ? 0 : call->ticket;
    void *context = call->context;
    pthread_mutex_unlock(&lock);
    pipes_node *node = call->head.node;
    if (ticket) node->processor->cancel(node->state, (pipes_ticket){ticket}, context);
}

bool call_is_done(struct call *call) {
    pthread_mutex_lock(&lock);
    bool done = call->is_done;
    pthread_mutex_unlock(&lock);
    return done;
}

/* --------------------------------------------------------------- the rest -- */

static bool host_stopping(pipes_node *node) { return node->stopping; }

static void host_log(pipes_node *node, pipes_level level, const char *line, size_t size) {
    CHECK(level <= PIPES_ERROR);
    char *kept = node->logged[node->log_count++ > 0];
    snprintf(kept, sizeof node->logged[0], "%.*s", (int)size, line);
}

static const pipes_value *host_env(pipes_node *node, const char *name) {
    (void)node;
    (void)name;
    return NULL;
}

static const char *host_node_name(pipes_node *node) { return node->processor->name; }

static uint64_t host_input_count(pipes_node *node) { return node->inputs; }

static bool host_output_used(pipes_node *node, uint32_t port) {
    (void)node;
    return port == 0;
}

static uint64_t host_concurrency(pipes_node *node) {
    (void)node;
    return 1;
}

static void host_count(pipes_node *node, const char *metric, int64_t delta) {
    CHECK(metric && *metric);
    node->counted += delta;
}

static const void *host_extension(const pipes_host *host, const char *id) {
    (void)host;
    (void)id;
    return NULL;
}

static const pipes_host host = {
    .struct_size = sizeof(pipes_host),
    .alloc = host_alloc,
    .adopt = host_adopt,
    .emit = host_emit,
    .settle = host_settle,
    .explain = host_explain,
    .hold = host_hold,
    .let_go = inputs_let_go,
    .defer = host_defer,
    .resume = host_resume,
    .complete = host_complete,
    .cancelled = host_cancelled,
    .stopping = host_stopping,
    .log = host_log,
    .env = host_env,
    .node_name = host_node_name,
    .input_count = host_input_count,
    .output_used = host_output_used,
    .concurrency = host_concurrency,
    .count = host_count,
    .extension = host_extension,
};

/* ------------------------------------------------------------------ loading -- */

const pipes_plugin *plugin_load(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const pipes_plugin *(*entry)(const pipes_host *) = NULL;
    if (library) *(void **)&entry = dlsym(library, "pipes_plugin_v1");
    if (!entry) {
        fprintf(stderr, "%s\n", dlerror());
        exit(70);
    }
    const pipes_plugin *plugin = entry(&host);
    CHECK(plugin->struct_size == sizeof *plugin && plugin->minor == 0 && plugin->summary[0]);
    return plugin;
}

const pipes_processor *plugin_find(const pipes_plugin *plugin, const char *name) {
    for (uint64_t at = 0; at < plugin->processor_count; at++) {
        const pipes_processor *processor = &plugin->processors[at];
        if (strcmp(processor->name, name)) continue;
        CHECK(processor->struct_size == sizeof *processor && processor->summary[0]);
        CHECK(!!processor->produce + !!processor->map + !!processor->process == 1);
        CHECK(!processor->produce || !processor->input_count);
        CHECK(!(processor->flags & PIPES_SINK) || !processor->output_count);
        CHECK(!(processor->flags & PIPES_DEFERS) || processor->cancel);
        return processor;
    }
    fprintf(stderr, "no processor %s\n", name);
    exit(70);
}

void check_params(const pipes_processor *processor, const char *expected) {
    char found[512] = "";
    size_t used = 0;
    for (uint32_t at = 0; at < processor->param_count; at++) {
        const pipes_param *param = &processor->params[at];
        CHECK(param->struct_size == sizeof *param && param->help[0]);
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%s%s%s", at ? " " : "",
                                 param->name, param->fallback ? "=" : "!",
                                 param->fallback ? param->fallback : "");
    }
    if (!CHECK(!strcmp(found, expected))) fprintf(stderr, "  %s: %s\n", processor->name, found);
}

/* -------------------------------------------------------------------- nodes -- */

pipes_status node_open(pipes_node *node, const pipes_processor *processor,
                       const pipes_value *args) {
    *node = (pipes_node){.processor = processor, .inputs = processor->produce ? 0 : 1};
    if (!processor->open) return PIPES_OK;
    pipes_hold *copies = inputs_new(args, processor->param_count);
    node->args = (const pipes_value *)copies; /* so that close can free them */
    pipes_status status =
        processor->open(&host, node, copies->values, processor->param_count, &node->state);
    CHECK(status == PIPES_OK || node->explained[0]);
    if (status != PIPES_OK) inputs_let_go(copies);
    return status;
}

void node_stop(pipes_node *node) {
    node->stopping = true;
    if (node->processor->interrupt) node->processor->interrupt(node->state);
}

void node_close(pipes_node *node) {
    CHECK(node->open_calls == 0);
    if (node->processor->close) node->processor->close(node->state);
    if (node->args) inputs_let_go((pipes_hold *)node->args);
}

static struct call *call_new(pipes_node *node, const pipes_value *values, uint64_t count) {
    struct call *call = must(calloc(1, sizeof *call));
    call->head = (pipes_call){.host = &host, .node = node, .width = node->inputs};
    call->inputs = inputs_new(values, count);
    call->outcome.call = call;
    node->open_calls++;
    return call;
}

/* `status` is what the processor answered. */
static struct call *call_returned(struct call *call, pipes_status status,
                                  const pipes_value *result) {
    pthread_mutex_lock(&lock);
    if (status == PIPES_DEFERRED) {
        CHECK(call->ticket != 0);
    } else {
        CHECK(call->ticket == 0);
        call->outcome.status = status;
        if (result && (status == PIPES_OK || status == PIPES_LAST))
            add_result(&call->outcome, 0, result);
        call->is_done = true;
        call->head.node->open_calls--;
    }
    pthread_mutex_unlock(&lock);
    return call;
}

struct outcome outcome_wait(struct call *call) {
    pthread_mutex_lock(&lock);
    while (!call->is_done) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    for (uint64_t at = 0; at < call->outcome.count; at++)
        touched += touch(&call->outcome.results[at].value);
    return call->outcome;
}

void call_free(struct outcome *outcome) {
    struct call *call = outcome->call;
    for (struct owned *owned = call->owned; owned;) {
        struct owned *next = owned->next;
        owned->release(owned->context);
        free(owned);
        owned = next;
    }
    inputs_let_go(call->inputs);
    free(call->outcome.results);
    free(call->outcome.settled);
    free(call);
}

struct call *node_produce_soon(pipes_node *node, uint64_t demand) {
    struct call *call = call_new(node, NULL, 0);
    call->head.demand = demand;
    return call_returned(call, node->processor->produce(node->state, &call->head), NULL);
}

struct outcome node_produce(pipes_node *node, uint64_t demand) {
    return outcome_wait(node_produce_soon(node, demand));
}

struct call *node_map_soon(pipes_node *node, const pipes_value *row) {
    struct call *call = call_new(node, row, node->inputs);
    pipes_value result = pipes_null();
    pipes_status status =
        node->processor->map(node->state, &call->head, call->inputs->values, &result);
    return call_returned(call, status, &result);
}

struct outcome node_map(pipes_node *node, const pipes_value *row) {
    return outcome_wait(node_map_soon(node, row));
}

struct outcome node_process(pipes_node *node, const pipes_value *rows, uint64_t count) {
    uint64_t width = node->inputs;
    struct call *call = call_new(node, rows, count * width);
    pipes_value *cells = must(malloc(count * width * sizeof *cells + 1));
    const pipes_value **columns = must(malloc(width * sizeof *columns));
    for (uint64_t input = 0; input < width; input++) {
        columns[input] = cells + input * count;
        for (uint64_t row = 0; row < count; row++)
            cells[input * count + row] = call->inputs->values[row * width + input];
    }
    pipes_batch batch = {.count = count, .width = width, .columns = columns};
    call_returned(call, node->processor->process(node->state, &call->head, &batch), NULL);
    free(columns);
    free(cells);
    return outcome_wait(call);
}

struct outcome node_flush(pipes_node *node) {
    struct call *call = call_new(node, NULL, 0);
    return outcome_wait(
        call_returned(call, node->processor->flush(node->state, &call->head), NULL));
}
