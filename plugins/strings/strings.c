/* strings: texts, row by row. One file for each processor; this one describes them. */
#define _POSIX_C_SOURCE 200809L
#include "strings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pipes_status strings_refuse(const pipes_host *host, pipes_node *node, const char *text) {
    return pipes_explain_open(host, node, PIPES_FATAL, text);
}

pipes_status strings_not_text(pipes_call *call, const pipes_value *row, pipes_value *result) {
    if (row->kind != PIPES_NULL) return pipes_explain(call, PIPES_REJECT, "not a STRING");
    *result = *row;
    return PIPES_OK;
}

static const pipes_port text[] = {PIPES_PORT(PIPES_STRING, "text", "any text")};
static const pipes_port bytes[] = {PIPES_PORT(PIPES_BYTES, "bytes", "a text in UTF-8")};
static const pipes_port part[] = {PIPES_PORT(PIPES_STRING, "part", "one part of the text")};

static const pipes_param random_params[] = {
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_INT,
     .name = "num",
     .help = "How many texts.",
     .fallback = "20",
     .minimum = "0"},
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_INT,
     .name = "seed",
     .help = "The same seed gives the same texts; -1 takes a new one for each run.",
     .fallback = "-1",
     .minimum = "-1"},
};
static const pipes_param split_params[] = {
    PIPES_PARAM(PIPES_STRING, "separator", "\" \"", "What stands between two parts."),
};
static const pipes_param concat_params[] = {
    PIPES_PARAM(PIPES_STRING, "separator", "\"\"", "What to put between two texts."),
};
static const pipes_param match_params[] = {
    PIPES_PARAM(PIPES_STRING, "pattern", NULL,
                "A POSIX extended regular expression; ^ and $ stand for the ends, [0-9] for a digit "
                "(there is no \\d), and \\w \\s \\b for what they usually do."),
};

/* No state, no waiting: rows of one node may be worked on by several threads at once. */
enum { FREE_OF_STATE = PIPES_CONCURRENT | PIPES_NONBLOCKING | PIPES_PURE };

#define MAP_OF_A_TEXT(NAME, SUMMARY, MAP)    \
    {.struct_size = sizeof(pipes_processor), \
     .flags = FREE_OF_STATE,                 \
     .name = NAME,                           \
     .summary = SUMMARY,                     \
     .input_count = 1,                       \
     .inputs = text,                         \
     .output_count = 1,                      \
     .outputs = text,                        \
     .map = MAP}

static const pipes_processor processors[] = {
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_NONBLOCKING,
     .name = "random",
     .summary = "Makes random texts in the form of UUIDs.",
     .params = random_params,
     .param_count = 2,
     .output_count = 1,
     .outputs = text,
     .open = random_open,
     .produce = random_produce,
     .close = free},
    MAP_OF_A_TEXT("reverse", "Turns a text around, code point by code point.", reverse_map),
    MAP_OF_A_TEXT("upper", "Puts a text into upper case, code point by code point.", upper_map),
    MAP_OF_A_TEXT("lower", "Puts a text into lower case, code point by code point.", lower_map),
    {.struct_size = sizeof(pipes_processor),
     .flags = FREE_OF_STATE,
     .name = "split",
     .summary = "Cuts a text at each separator, and keeps empty parts.",
     .params = split_params,
     .param_count = 1,
     .input_count = 1,
     .inputs = text,
     .output_count = 1,
     .rate = PIPES_RATE_SPLITS,
     .outputs = part,
     .open = split_open,
     .process = split_process,
     .close = free},
    {.struct_size = sizeof(pipes_processor),
     .flags = FREE_OF_STATE,
     .name = "concat",
     .summary = "Puts all texts of a joined row together, in the order of the inputs.",
     .params = concat_params,
     .param_count = 1,
     .output_count = 1,
     .outputs = text,
     .open = concat_open,
     .map = concat_map,
     .close = free},
    {.struct_size = sizeof(pipes_processor),
     .flags = FREE_OF_STATE,
     .name = "match",
     .summary = "Keeps the texts in which the pattern is found.",
     .params = match_params,
     .param_count = 1,
     .input_count = 1,
     .inputs = text,
     .output_count = 1,
     .outputs = text,
     .open = match_open,
     .map = match_map,
     .close = match_close},
    {.struct_size = sizeof(pipes_processor),
     .flags = FREE_OF_STATE,
     .name = "text",
     .summary = "Makes a text of bytes that are UTF-8, and rejects others.",
     .input_count = 1,
     .inputs = bytes,
     .output_count = 1,
     .outputs = text,
     .map = text_map},
};
PIPES_PLUGIN("strings", "1.0.0", "Makes, changes, splits and filters texts.", processors)
