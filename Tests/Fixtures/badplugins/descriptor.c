/* A plugin with one mistake in its description, chosen by -D; without one it is a good plugin. */
#include <pipes/pipes.h>
#include <stdlib.h>

#ifndef NAME
#define NAME "descriptor"
#endif

static pipes_status same(void *state, pipes_call *call, const pipes_value *row,
                         pipes_value *result) {
    (void)state;
    (void)call;
    *result = *row;
    return PIPES_OK;
}

static pipes_status take(void *state, pipes_call *call, const pipes_batch *batch) {
    (void)state;
    (void)call;
    (void)batch;
    return PIPES_OK;
}

static pipes_status produce(void *state, pipes_call *call) {
    (void)state;
    (void)call;
    return PIPES_END;
}

/* Whichever are not used by a mistake. */
void *used[] = {(void *)same, (void *)take, (void *)produce};

static const pipes_param params[] = {
    PIPES_PARAM(PIPES_INT, "num", "20", "How many."),
#if defined PARAM_KIND
    PIPES_PARAM(77, "odd", "1", ""),
#elif defined PARAM_NULL_KIND
    PIPES_PARAM(PIPES_NULL, "odd", "1", ""),
#elif defined PARAM_UNNAMED
    PIPES_PARAM(PIPES_INT, NULL, "1", ""),
#elif defined PARAM_TWICE
    PIPES_PARAM(PIPES_INT, "num", "1", ""),
#elif defined DEFAULT_NO_JSON
    PIPES_PARAM(PIPES_STRING, "odd", "hi", ""),
#elif defined DEFAULT_OTHER_KIND
    PIPES_PARAM(PIPES_INT, "odd", "1.5", ""),
#elif defined DEFAULT_NO_CHOICE
    {sizeof(pipes_param), PIPES_STRING, "odd", "", "\"c\"", "[\"a\", \"b\"]", 0, 0},
#elif defined DEFAULT_BELOW
    {sizeof(pipes_param), PIPES_INT, "odd", "", "0", 0, "1", "9"},
#elif defined DEFAULT_ABOVE
    {sizeof(pipes_param), PIPES_FLOAT, "odd", "", "9.5", 0, "1", "9"},
#elif defined LIMITS_CROSSED
    {sizeof(pipes_param), PIPES_INT, "odd", "", NULL, 0, "9", "1"},
#elif defined LIMIT_OF_TEXT
    {sizeof(pipes_param), PIPES_STRING, "odd", "", NULL, 0, "9", NULL},
#elif defined CHOICES_NO_LIST
    {sizeof(pipes_param), PIPES_INT, "odd", "", NULL, "3", 0, 0},
#elif defined SECOND_PARAM_SIZE
    {0, PIPES_INT, "odd", "", NULL, 0, 0, 0},
#endif
};

static const pipes_port inputs[] = {
#if defined PORT_KIND
    PIPES_PORT(99, "text", ""),
#elif defined PORT_MISNAMED
    PIPES_PORT(PIPES_STRING, "te xt", ""),
#elif defined PORT_UNNAMED
    PIPES_PORT(PIPES_STRING, NULL, ""),
#elif defined PORT_TWICE
    PIPES_PORT(PIPES_STRING, "text", ""), PIPES_PORT(PIPES_INT, "text", ""),
#else
    PIPES_PORT(PIPES_STRING, "text", ""),
#endif
};

static const pipes_processor processors[] = {
    {
        .struct_size = sizeof(pipes_processor),
        .flags = PIPES_CONCURRENT
#if defined SINK_WITH_OUTPUTS
                 | PIPES_SINK
#endif
        ,
#if defined NAME_WITH_DOT
        .name = "sa.me",
#elif defined NAME_EMPTY
        .name = "",
#elif defined NAME_MISSING
        .name = NULL,
#elif defined NAME_NO_UTF8
        .name = "sam\xff",
#else
        .name = "same",
#endif
        .summary = "Passes rows on.",
        .params = params,
#if defined PARAMS_NULL
        .params = NULL,
#endif
        .param_count = sizeof params / sizeof params[0],
#if defined PARAMS_TOO_MANY
        .param_count = 4000000000u,
#endif
        .input_count = sizeof inputs / sizeof inputs[0],
        .inputs = inputs,
        .output_count = 1,
        .outputs = inputs,
#if defined TWO_SHAPES
        .map = same,
        .process = take,
#elif defined NO_SHAPE
#elif defined SOURCE_WITH_INPUTS
        .produce = produce,
#elif defined FUNCTION_AND_SHAPE
        .map = same,
        .function = (void (*)(void))abs,
        .signature = "(in:int) -> int",
#elif defined FUNCTION_ALONE
        .function = (void (*)(void))abs,
#elif defined SIGNATURE_ALONE
        .signature = "(in:int) -> int",
#elif defined SIGNATURE_WRONG
        .function = (void (*)(void))abs,
        .signature = "(in:imt) -> int",
#elif defined HOLDS_UNKNOWN
        .process = take,
        .holds = "size",
#elif defined RATE_UNKNOWN
        .process = take,
        .rate = 9,
#elif defined RATE_OF_MAP
        .map = same,
        .rate = PIPES_RATE_AGGREGATES,
#else
        .map = same,
#endif
    },
#if defined SECOND_SIZE
    {.name = "more", .map = same},
#elif defined TWICE
    {.struct_size = sizeof(pipes_processor), .name = "same", .map = same},
#else
    {.struct_size = sizeof(pipes_processor),
     .name = "collect",
     .params = params,
     .param_count = 1,
     .rate = PIPES_RATE_AGGREGATES,
     .holds = "num",
     .process = take},
    {.struct_size = sizeof(pipes_processor), .name = "numbers", .produce = produce},
    {.struct_size = sizeof(pipes_processor), .name = "drop", .flags = PIPES_SINK, .process = take},
    {.struct_size = sizeof(pipes_processor),
     .name = "absolute",
     .summary = "Without its sign.",
     .function = (void (*)(void))abs,
     .signature = "(in:int) -> int pure"},
#endif
};

static const pipes_plugin plugin = {
#if defined SIZE_ZERO
    0,
#elif defined SIZE_HUGE
    0x7fffffff,
#elif defined SIZE_TEXT
    1868784964,
#else
    sizeof(pipes_plugin),
#endif
#if defined MINOR
    MINOR,
#else
    0,
#endif
    NAME,  "1.2.3", "For tests.", NULL,
#if defined NO_PROCESSORS
    NULL,  0,
#elif defined PROCESSORS_TOO_MANY
    processors, UINT64_MAX,
#else
    processors, sizeof processors / sizeof processors[0],
#endif
};

PIPES_EXPORT const pipes_plugin *pipes_plugin_v1(const pipes_host *host) {
    (void)host;
#if defined NULL_PLUGIN
    return NULL;
#endif
    return &plugin;
}
