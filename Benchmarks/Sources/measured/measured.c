/* What measured.h declares, as a host reads it. A name that ends in _blocking is the same
 * processor without PIPES_NONBLOCKING: it gets a thread, and a queue before it. */
#include "measured.h"

#include <stdlib.h>

static const pipes_port any[] = {PIPES_PORT(PIPES_ANY, "value", "any value")};
static const pipes_port number[] = {PIPES_PORT(PIPES_INT, "number", "a number")};
static const pipes_port text[] = {PIPES_PORT(PIPES_STRING, "text", "ASCII text")};
static const pipes_port two_texts[] = {PIPES_PORT(PIPES_STRING, "first", "ASCII text"),
                                       PIPES_PORT(PIPES_STRING, "second", "ASCII text")};
static const pipes_port bytes[] = {PIPES_PORT(PIPES_BYTES, "buffer", "a buffer of 1 MiB")};

static const pipes_param source_params[] = {
    PIPES_PARAM(PIPES_INT, "num", "1000", "How many rows."),
};
static const pipes_param paced_params[] = {
    PIPES_PARAM(PIPES_INT, "num", "1000", "How many rows."),
    PIPES_PARAM(PIPES_INT, "rate", "1000", "Rows a second."),
};
static const pipes_param rounds_params[] = {
    PIPES_PARAM(PIPES_INT, "rounds", "1000", "Steps of work for each row."),
};

enum { CHAINED = PIPES_NONBLOCKING, FREE = PIPES_CONCURRENT | PIPES_NONBLOCKING | PIPES_PURE };

#define SOURCE(NAME, FLAGS, PARAMS, PORT, OPEN, PRODUCE)  \
    {.struct_size = sizeof(pipes_processor),              \
     .flags = FLAGS,                                      \
     .name = NAME,                                        \
     .params = PARAMS,                                    \
     .param_count = sizeof(PARAMS) / sizeof((PARAMS)[0]), \
     .output_count = 1,                                   \
     .outputs = PORT,                                     \
     .open = OPEN,                                        \
     .produce = PRODUCE,                                  \
     .close = free}
#define MAP(NAME, FLAGS, PORTS, OUT, FUNCTION)          \
    {.struct_size = sizeof(pipes_processor),            \
     .flags = FLAGS,                                    \
     .name = NAME,                                      \
     .input_count = sizeof(PORTS) / sizeof((PORTS)[0]), \
     .inputs = PORTS,                                   \
     .output_count = 1,                                 \
     .outputs = OUT,                                    \
     .map = FUNCTION}
#define SINK(NAME, FLAGS, PORT, PROCESS, FLUSH, CLOSE) \
    {.struct_size = sizeof(pipes_processor),           \
     .flags = PIPES_SINK | (FLAGS),                    \
     .name = NAME,                                     \
     .input_count = 1,                                 \
     .inputs = PORT,                                   \
     .open = sink_open,                                \
     .process = PROCESS,                               \
     .flush = FLUSH,                                   \
     .close = CLOSE}

static const pipes_processor processors[] = {
    SOURCE("ints", CHAINED, source_params, number, source_open, ints_produce),
    SOURCE("ints_blocking", 0, source_params, number, source_open, ints_produce),
    SOURCE("texts", CHAINED, source_params, text, source_open, texts_produce),
    SOURCE("buffers", CHAINED, source_params, bytes, source_open, buffers_produce),
    SOURCE("buffers_blocking", 0, source_params, bytes, source_open, buffers_produce),
    SOURCE("paced", CHAINED, paced_params, number, paced_open, paced_produce),
    SOURCE("paced_blocking", 0, paced_params, number, paced_open, paced_sleeping_produce),
    MAP("add", FREE, number, number, add_map),
    MAP("add_blocking", 0, number, number, add_map),
    MAP("pass", FREE, any, any, pass_map),
    MAP("pass_blocking", 0, any, any, pass_map),
    MAP("copy", FREE, text, text, copy_map),
    MAP("reverse", FREE, text, text, reverse_text_map),
    MAP("upper", FREE, text, text, upper_text_map),
    MAP("append_reverse", FREE, two_texts, text, append_reverse_map),
    {.struct_size = sizeof(pipes_processor),
     .flags = FREE,
     .name = "busy",
     .params = rounds_params,
     .param_count = 1,
     .input_count = 1,
     .inputs = number,
     .output_count = 1,
     .outputs = number,
     .open = rounds_open,
     .map = busy_map,
     .close = free},
    SINK("sum", CHAINED, any, sum_process, sum_flush, free),
    SINK("sum_blocking", 0, any, sum_process, sum_flush, free),
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_SINK,
     .name = "slow_sum",
     .params = rounds_params,
     .param_count = 1,
     .input_count = 1,
     .inputs = number,
     .open = sink_open,
     .process = slow_sum_process,
     .flush = sum_flush,
     .close = free},
    SINK("same_buffer", CHAINED, bytes, same_buffer_process, sum_flush, free),
    SINK("same_buffer_blocking", 0, bytes, same_buffer_process, sum_flush, free),
    SINK("latency", CHAINED, number, latency_process, latency_flush, latency_close),
    SINK("latency_blocking", 0, number, latency_process, latency_flush, latency_close),
};
PIPES_PLUGIN("measured", "1.0.0", "What the benchmarks measure.", processors)
