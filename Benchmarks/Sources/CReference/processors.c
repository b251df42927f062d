#include "processors.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* ------------------------------------------------- what the processors ask of a host -- */

static void *no_room(pipes_call *call, size_t size, size_t alignment) {
    (void)call, (void)size, (void)alignment;
    return NULL;
}

static pipes_status emit(pipes_call *head, uint32_t port, uint64_t row, const pipes_value *value) {
    (void)port, (void)row;
    plain_call *call = (plain_call *)head;
    if (call->count >= BATCH_SIZE) return PIPES_RETRY;
    call->rows[call->count++] = *value;
    return PIPES_OK;
}

static void count(pipes_node *node, const char *metric, int64_t delta) {
    if (strcmp(metric, "sum") == 0) ((opened *)node)->sum += delta;
}

static const pipes_host host = {
    .struct_size = sizeof(pipes_host), .alloc = no_room, .emit = emit, .count = count};

/* ----------------------------------------------------------------- their life -- */

static const pipes_processor *find(const pipes_plugin *plugin, const char *name) {
    for (uint64_t index = 0; index < plugin->processor_count; index++)
        if (strcmp(plugin->processors[index].name, name) == 0) return &plugin->processors[index];
    return NULL;
}

const char *open_processor(const char *file, const char *name, int64_t arg, opened *to) {
    *to = (opened){0};
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) return "the plugin can't be loaded";
    const pipes_plugin *(*entry)(const pipes_host *);
    *(void **)&entry = dlsym(library, "pipes_plugin_v1");
    if (!entry) return "the plugin has no entry";
    const pipes_processor *processor = find(entry(&host), name);
    if (!processor) return "the plugin lacks a processor";
    pipes_value args[4] = {{0}};
    if (processor->param_count > 4) return "a processor has too many params";
    for (uint32_t index = 0; index < processor->param_count; index++)
        args[index] = pipes_int(index ? atoll(processor->params[index].fallback) : arg);
    if (processor->open && processor->open(&host, (pipes_node *)to, args, processor->param_count,
                                           &to->state) != PIPES_OK)
        return "a processor can't be opened";
    to->processor = processor;
    return NULL;
}

void close_processor(opened *node) {
    const pipes_processor *processor = node->processor;
    if (!processor) return;
    pipes_call call = {.host = &host, .node = (pipes_node *)node};
    if (processor->flush) (void)processor->flush(node->state, &call);
    if (processor->close) processor->close(node->state);
    node->processor = NULL;
}

void reset_call(plain_call *call, opened *node, pipes_value *rows) {
    call->head = (pipes_call){.host = &host,
                              .node = (pipes_node *)node,
                              .next = call->arena,
                              .end = call->arena + ARENA_SIZE,
                              .width = 1};
    call->rows = rows;
    call->count = 0;
}
