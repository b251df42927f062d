/* strings.text: bytes that are a text become one. */
#include "strings.h"
#include "utf8.h"

#include <stdio.h>

/* How many bytes from the start on are UTF-8: `size` for a text. */
static size_t valid_prefix(const char *text, size_t size) {
    size_t at = 0;
    while (at < size) {
        if (size - at >= 8 && !(utf8_word(text + at) & UTF8_TOP_BITS)) {
            at += 8;
            continue;
        }
        size_t length = utf8_length(text + at, size - at);
        if (!length) break;
        at += length;
    }
    return at;
}

pipes_status text_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state;
    *result = *row;
    /* What is a text already stays one; NULL can stand for a partner that is missing. */
    if (row->kind == PIPES_NULL || row->kind == PIPES_STRING) return PIPES_OK;
    if (row->kind != PIPES_BYTES) return pipes_explain(call, PIPES_REJECT, "not BYTES");
    const char *text = (const char *)row->bytes;
    size_t valid = valid_prefix(text, row->size);
    if (valid < row->size) {
        char reason[48];
        snprintf(reason, sizeof reason, "not UTF-8 at byte %zu", valid);
        return pipes_explain(call, PIPES_REJECT, reason);
    }
    *result = pipes_string(text, row->size); /* no copy: the host keeps the input */
    return PIPES_OK;
}
