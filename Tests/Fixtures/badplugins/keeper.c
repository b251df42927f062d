/* Holds rows until so many have come, and then passes them all on: `keep` says so in its
 * description, `hoard` does not. A number of rows that is no multiple never ends. */
#include <pipes/pipes.h>
#include <stdlib.h>

struct kept {
    pipes_ticket ticket;
    pipes_value value;
};

struct keeper {
    const pipes_host *host;
    uint64_t size, count;
    struct kept rows[];
};

static pipes_status start(const pipes_host *host, pipes_node *node, const pipes_value *args,
                          size_t count, void **state) {
    (void)node, (void)count;
    uint64_t size = (uint64_t)args[0].integer;
    struct keeper *keeper = malloc(sizeof *keeper + size * sizeof *keeper->rows);
    if (!keeper) return PIPES_FATAL;
    keeper->host = host;
    keeper->size = size;
    keeper->count = 0;
    *state = keeper;
    return PIPES_OK;
}

static pipes_status keep(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)result;
    struct keeper *keeper = state;
    keeper->rows[keeper->count].ticket = call->host->defer(call, NULL);
    keeper->rows[keeper->count].value = *row;
    if (++keeper->count < keeper->size) return PIPES_DEFERRED;
    for (uint64_t at = 0; at < keeper->count; at++) {
        keeper->host->complete(keeper->host, keeper->rows[at].ticket, PIPES_OK,
                               &keeper->rows[at].value);
    }
    keeper->count = 0;
    return PIPES_DEFERRED;
}

static const pipes_param params[] = {{.struct_size = sizeof(pipes_param),
                                      .kind = PIPES_INT,
                                      .name = "size",
                                      .help = "Rows that are held.",
                                      .fallback = "5000",
                                      .minimum = "1"}};
static const pipes_port value[] = {PIPES_PORT(PIPES_ANY, "value", "any value")};

#define PROCESSOR(name_, ...)                                                                      \
    {.struct_size = sizeof(pipes_processor), .flags = PIPES_DEFERS | PIPES_NONBLOCKING,            \
     .name = name_, .summary = "", .params = params, .param_count = 1, .input_count = 1,           \
     .inputs = value, .output_count = 1, .outputs = value, .open = start, .map = keep,             \
     .close = free, __VA_ARGS__}

static const pipes_processor processors[] = {
    PROCESSOR("keep", .holds = "size"),
    PROCESSOR("hoard", .holds = NULL),
};
PIPES_PLUGIN("keeper", "1.0.0", "Holds rows.", processors)
