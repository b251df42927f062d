/* What the plugin says of itself: Go can't write static C structs. */
#include "_cgo_export.h"

static pipes_status host_of(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state;
    /* Go knows no const, and only reads it. */
    return links_host(call, (pipes_value *)row, result);
}

static const pipes_port link[] = {PIPES_PORT(PIPES_STRING, "link", "a URL")};
static const pipes_port host[] = {PIPES_PORT(PIPES_STRING, "host", "its host, with the port")};

static const pipes_processor processors[] = {
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_CONCURRENT | PIPES_NONBLOCKING | PIPES_PURE,
     .name = "host",
     .summary = "The host that a URL names; skips one without.",
     .input_count = 1,
     .inputs = link,
     .output_count = 1,
     .outputs = host,
     .map = host_of},
};
PIPES_PLUGIN("links", "1.0.0", "Parts of URLs.", processors)
