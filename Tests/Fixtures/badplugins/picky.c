/* Processors that take few rows: what they do with one of those, no row that was made at random
 * shows. `map` then loses memory, and writes past what it was given. */
#include <pipes/pipes.h>
#include <stdlib.h>
#include <string.h>

static bool is_wanted(const pipes_value *text) {
    return text->kind == PIPES_STRING && text->size >= 3 && !memcmp(text->text, "in/", 3);
}

static pipes_status map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state;
    if (!is_wanted(row)) return pipes_explain(call, PIPES_REJECT, "no such file");
    void *lost = malloc(1 << 20);
    char *bytes = pipes_alloc(call, 1);
    if (!lost || !bytes) return PIPES_RETRY;
    bytes[1 << 17] = 1;
    *result = pipes_int(1);
    return PIPES_OK;
}

static pipes_status later(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state, (void)call;
    if (!is_wanted(row)) return PIPES_RETRY;
    *result = *row;
    return PIPES_OK;
}

static pipes_status skip(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state, (void)call;
    if (!is_wanted(row)) return PIPES_SKIP;
    *result = *row;
    return PIPES_OK;
}

static pipes_status sink(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state, (void)call, (void)result;
    return is_wanted(row) ? PIPES_OK : PIPES_REJECT;
}

/* Row by row, or all of a batch. */
static pipes_status split(void *state, pipes_call *call, const pipes_batch *batch) {
    (void)state;
    for (uint64_t row = 0; row < batch->count; row++) {
        const pipes_value *text = &batch->columns[0][row];
        if (is_wanted(text)) {
            pipes_status status = pipes_emit(call, row, *text);
            if (status) return status;
        } else {
            call->host->settle(call, row, PIPES_REJECT, "no", 2);
        }
    }
    return PIPES_OK;
}

static pipes_status total(void *state, pipes_call *call, const pipes_batch *batch) {
    (void)state, (void)call;
    for (uint64_t row = 0; row < batch->count; row++)
        if (!is_wanted(&batch->columns[0][row])) return PIPES_REJECT;
    return PIPES_OK;
}

static pipes_status pair(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state;
    if (!is_wanted(row)) return pipes_explain(call, PIPES_REJECT, "no such file");
    *result = row[1];
    return PIPES_OK;
}

static const pipes_port text[] = {PIPES_PORT(PIPES_STRING, "text", "a name")};
static const pipes_port texts[] = {PIPES_PORT(PIPES_STRING, "text", "a name"),
                                   PIPES_PORT(PIPES_INT, "number", "any")};
static const pipes_port number[] = {PIPES_PORT(PIPES_INT, "number", "one")};

#define TAKES_TEXT                                                                                 \
    .struct_size = sizeof(pipes_processor), .summary = "Is picky.", .input_count = 1, .inputs = text

static const pipes_processor processors[] = {
    {TAKES_TEXT, .name = "map", .output_count = 1, .outputs = number, .map = map},
    {TAKES_TEXT, .name = "later", .output_count = 1, .outputs = text, .map = later},
    {TAKES_TEXT, .name = "skip", .output_count = 1, .outputs = text, .map = skip},
    {TAKES_TEXT, .name = "sink", .flags = PIPES_SINK, .map = sink},
    {TAKES_TEXT, .name = "split", .output_count = 1, .outputs = text, .process = split},
    {TAKES_TEXT, .name = "total", .rate = PIPES_RATE_AGGREGATES, .output_count = 1,
     .outputs = number, .process = total, .holds = "all"},
    {.struct_size = sizeof(pipes_processor), .summary = "Is picky.", .name = "pair",
     .input_count = 2, .inputs = texts, .output_count = 1, .outputs = number, .map = pair},
};
PIPES_PLUGIN("picky", "1.0.0", "Takes few rows.", processors)
