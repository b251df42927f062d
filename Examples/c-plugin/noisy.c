#include <pipes/pipes.h>
#include <string.h>

static pipes_status shout(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state;
    char *text = pipes_alloc(call, row->size + 1);
    if (!text) return PIPES_RETRY;
    memcpy(text, row->text, row->size);
    text[row->size] = '!';
    *result = pipes_string(text, row->size + 1);
    return PIPES_OK;
}

static const pipes_port text[] = {PIPES_PORT(PIPES_STRING, "text", "any text")};
static const pipes_processor processors[] = {
    {.struct_size = sizeof(pipes_processor), .flags = PIPES_CONCURRENT | PIPES_NONBLOCKING | PIPES_PURE,
     .name = "shout", .summary = "Adds an exclamation mark.",
     .input_count = 1, .inputs = text, .output_count = 1, .outputs = text, .map = shout},
};
PIPES_PLUGIN("noisy", "1.0.0", "Makes texts louder.", processors)
