/* flow: sources to try things out with, and processors that look at the stream and not at what is
 * in it. One file for each processor; this one describes them. */
#define _POSIX_C_SOURCE 200809L
#include "flow.h"

#include <stdlib.h>
#include <string.h>

pipes_status flow_refuse(const pipes_host *host, pipes_node *node, const char *text) {
    return pipes_explain_open(host, node, PIPES_FATAL, text);
}

uint64_t flow_mix(uint64_t n) {
    uint64_t bits = n * 0x9E3779B97F4A7C15u;
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EBu;
    return bits ^ bits >> 31;
}

static const pipes_port value[] = {PIPES_PORT(PIPES_ANY, "value", "passed on unchanged")};
static const pipes_port number[] = {PIPES_PORT(PIPES_INT, "number", "")};
static const pipes_port list[] = {
    PIPES_PORT(PIPES_LIST, "rows",
               "a value for each row; a LIST of its values for each joined row"),
};

static const pipes_param range_params[] = {
    PIPES_PARAM(PIPES_INT, "start", "0", "The first number."),
    PIPES_PARAM(PIPES_INT, "end", NULL, "Where to stop; not reached."),
    PIPES_PARAM(PIPES_INT, "step", "1", "From one number to the next; negative to count down."),
};
static const pipes_param tick_params[] = {
    PIPES_PARAM(PIPES_STRING, "interval", "\"1s\"",
                "The time before each tick, such as \"250us\", \"10ms\" or \"1.5s\"."),
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_INT,
     .name = "count",
     .help = "How many ticks; -1 for no end.",
     .fallback = "-1",
     .minimum = "-1"},
};
static const pipes_param head_params[] = {
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_INT,
     .name = "num",
     .help = "How many rows to let pass.",
     .minimum = "0"},
};
static const pipes_param batch_params[] = {
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_INT,
     .name = "size",
     .help = "Rows in a LIST; the last one may have fewer.",
     .minimum = "1"},
};
static const pipes_param delay_params[] = {
    PIPES_PARAM(PIPES_STRING, "time", "\"10ms\"",
                "How long each row waits, such as \"250us\", \"10ms\" or \"1.5s\"."),
    PIPES_PARAM(PIPES_STRING, "jitter", "\"0ms\"",
                "Up to how much longer, at random for each row."),
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_INT,
     .name = "seed",
     .help = "The same seed gives the same jitter; -1 takes a new one for each run.",
     .fallback = "-1",
     .minimum = "-1"},
};
static const pipes_param fault_params[] = {
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_INT,
     .name = "every",
     .help = "Each row of this number fails.",
     .fallback = "7",
     .minimum = "1"},
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_STRING,
     .name = "how",
     .help = "The status to answer for it.",
     .fallback = "\"reject\"",
     .choices = "[\"reject\", \"retry\", \"fatal\", \"skip\"]"},
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_INT,
     .name = "times",
     .help = "With \"retry\": how often one row fails before it passes.",
     .fallback = "1",
     .minimum = "1"},
};

static const pipes_processor processors[] = {
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_NONBLOCKING,
     .name = "range",
     .summary = "Counts from one number to another.",
     .params = range_params,
     .param_count = 3,
     .output_count = 1,
     .outputs = number,
     .open = range_open,
     .produce = range_produce,
     .close = free},
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_NONBLOCKING | PIPES_DEFERS,
     .name = "tick",
     .summary = "Counts from 0 as time passes. A tick that nobody could take in time comes late, "
                "and those "
                "after it keep their distance.",
     .params = tick_params,
     .param_count = 2,
     .output_count = 1,
     .outputs = number,
     .open = tick_open,
     .produce = tick_produce,
     .cancel = tick_cancel,
     .interrupt = tick_interrupt,
     .close = tick_close},
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_NONBLOCKING,
     .name = "count",
     .summary = "Says at the end how many rows came.",
     .output_count = 1,
     .rate = PIPES_RATE_AGGREGATES,
     .outputs = number,
     .holds = "all",
     .open = count_open,
     .process = count_process,
     .flush = count_flush,
     .close = free},
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_NONBLOCKING,
     .name = "head",
     .summary = "Lets the first rows pass and then wants no more.",
     .params = head_params,
     .param_count = 1,
     .input_count = 1,
     .inputs = value,
     .output_count = 1,
     .outputs = value,
     .open = head_open,
     .map = head_map,
     .close = free},
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_NONBLOCKING,
     .name = "batch",
     .summary = "Collects rows into LISTs.",
     .params = batch_params,
     .param_count = 1,
     .output_count = 1,
     .rate = PIPES_RATE_AGGREGATES,
     .outputs = list,
     .holds = "size",
     .open = batch_open,
     .process = batch_process,
     .flush = batch_flush,
     .close = batch_close},
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_CONCURRENT | PIPES_NONBLOCKING | PIPES_DEFERS,
     .name = "delay",
     .summary =
         "Passes each row on after a while, without holding a thread. How many wait at once is the "
         "node's \"concurrency\".",
     .params = delay_params,
     .param_count = 3,
     .input_count = 1,
     .inputs = value,
     .output_count = 1,
     .outputs = value,
     .open = delay_open,
     .map = delay_map,
     .cancel = delay_cancel,
     .close = delay_close},
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_NONBLOCKING,
     .name = "fault",
     .summary = "Passes rows on and fails each n-th, to see what a graph makes of it.",
     .params = fault_params,
     .param_count = 3,
     .input_count = 1,
     .inputs = value,
     .output_count = 1,
     .outputs = value,
     .open = fault_open,
     .map = fault_map,
     .close = free},
};
PIPES_PLUGIN("flow", "1.0.0",
             "Sources to try graphs with; counts, delays, lists and faults on purpose.", processors)
