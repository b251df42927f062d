/* strings.concat */
#define _POSIX_C_SOURCE 200809L
#include "strings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pipes_status concat_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                         size_t count, void **state) {
    (void)count;
    struct separator *separator = malloc(sizeof *separator);
    if (!separator) return strings_refuse(host, node, "no memory");
    *separator = (struct separator){args[0].text, args[0].size};
    *state = separator;
    return PIPES_OK;
}

static char *append(char *to, const char *text, size_t size) {
    if (size) memcpy(to, text, size);
    return to + size;
}

/* A partner that is missing (NULL) is an empty text. */
pipes_status concat_map(void *state, pipes_call *call, const pipes_value *row,
                        pipes_value *result) {
    const struct separator *separator = state;
    size_t size = 0;
    for (uint64_t input = 0; input < call->width; input++) {
        if (row[input].kind == PIPES_STRING) {
            size += row[input].size;
        } else if (row[input].kind != PIPES_NULL) {
            char reason[64];
            snprintf(reason, sizeof reason, "input %" PRIu64 " is not a STRING", input + 1);
            return pipes_explain(call, PIPES_REJECT, reason);
        }
        if (input) size += separator->size;
    }
    char *text = pipes_alloc(call, size), *to = text;
    if (!text) return PIPES_RETRY;
    for (uint64_t input = 0; input < call->width; input++) {
        if (input) to = append(to, separator->text, separator->size);
        if (row[input].kind == PIPES_STRING) to = append(to, row[input].text, row[input].size);
    }
    *result = pipes_string(text, size);
    return PIPES_OK;
}
