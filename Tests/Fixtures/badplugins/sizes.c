/* Structs of another age: made for a header that had fewer fields (-DSMALLER) or more. */
#include <pipes/pipes.h>
#include <stddef.h>

static pipes_status same(void *state, pipes_call *call, const pipes_value *row,
                         pipes_value *result) {
    (void)state;
    (void)call;
    *result = *row;
    return PIPES_OK;
}

#ifdef SMALLER

#define PROCESSOR_SIZE offsetof(pipes_processor, process)
#define PARAM_SIZE offsetof(pipes_param, fallback)
#define PORT_SIZE offsetof(pipes_port, name)
#define PLUGIN_SIZE sizeof(pipes_plugin)

/* Each element is followed at once by the next, as an array of smaller structs is. */
static union {
    char room[4 * sizeof(pipes_processor)];
    uint64_t aligned;
} processors, params, inputs;

static void put(char *room, const void *element, size_t size, int index) {
    for (size_t at = 0; at < size; at++)
        room[(size_t)index * size + at] = ((const char *)element)[at];
}

#else

/* The known fields, then what a later version brought. */
typedef struct {
    pipes_processor known;
    const char *later[5];
} wide_processor;
typedef struct {
    pipes_param known;
    const char *later[3];
} wide_param;
typedef struct {
    pipes_port known;
    uint64_t later;
} wide_port;
typedef struct {
    pipes_plugin known;
    const char *later[2];
} wide_plugin;

#define PROCESSOR_SIZE sizeof(wide_processor)
#define PARAM_SIZE sizeof(wide_param)
#define PORT_SIZE sizeof(wide_port)
#define PLUGIN_SIZE sizeof(wide_plugin)

static union {
    char room[4 * sizeof(wide_processor)];
    uint64_t aligned;
} processors, params, inputs;

static void put(char *room, const void *element, size_t size, int index) {
    for (size_t at = 0; at < size; at++) room[(size_t)index * size + at] = (char)0xA5;
    size_t fields = size == PROCESSOR_SIZE ? sizeof(pipes_processor)
                    : size == PARAM_SIZE   ? sizeof(pipes_param)
                                           : sizeof(pipes_port);
    for (size_t at = 0; at < fields; at++)
        room[(size_t)index * size + at] = ((const char *)element)[at];
}

#endif

/* Fills what a compiler of that age would have laid out by itself. */
PIPES_EXPORT const pipes_plugin *pipes_plugin_v1(const pipes_host *host) {
    static union {
        pipes_plugin plugin;
        char room[256];
    } result;
    (void)host;
    pipes_param first = {.struct_size = PARAM_SIZE,
                         .kind = PIPES_INT,
                         .name = "first",
                         .help = "1",
                         .fallback = "7"};
    pipes_param second = {.struct_size = PARAM_SIZE, .kind = PIPES_STRING, .name = "second"};
    put(params.room, &first, PARAM_SIZE, 0);
    put(params.room, &second, PARAM_SIZE, 1);
    pipes_port left = {.struct_size = PORT_SIZE, .kind = PIPES_STRING, .name = "left"};
    pipes_port right = {.struct_size = PORT_SIZE, .kind = PIPES_BYTES, .name = "right"};
    put(inputs.room, &left, PORT_SIZE, 0);
    put(inputs.room, &right, PORT_SIZE, 1);
    pipes_processor one = {.struct_size = PROCESSOR_SIZE,
                           .name = "one",
                           .map = same,
                           .params = (const pipes_param *)(void *)params.room,
                           .param_count = 2,
                           .inputs = (const pipes_port *)(void *)inputs.room,
                           .input_count = 2};
    pipes_processor two = {.struct_size = PROCESSOR_SIZE, .name = "two", .map = same};
    put(processors.room, &one, PROCESSOR_SIZE, 0);
    put(processors.room, &two, PROCESSOR_SIZE, 1);
    result.plugin = (pipes_plugin){.struct_size = PLUGIN_SIZE,
                                   .name = "sizes",
                                   .version = "1.0.0",
                                   .processor_count = 2,
                                   .processors = (const pipes_processor *)(void *)processors.room};
    return &result.plugin;
}
