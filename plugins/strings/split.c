/* strings.split: parts point into the text they were cut from, which the host keeps alive. */
#define _GNU_SOURCE /* memmem */
#include "strings.h"

#include <stdlib.h>
#include <string.h>

pipes_status split_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state) {
    (void)count;
    if (!args[0].size)
        return strings_refuse(host, node, "separator is empty: there is nothing to split at");
    struct separator *separator = malloc(sizeof *separator);
    if (!separator) return strings_refuse(host, node, "no memory");
    *separator = (struct separator){args[0].text, args[0].size};
    *state = separator;
    return PIPES_OK;
}

static const char *find(const struct separator *separator, const char *text, size_t size) {
    if (!size) return NULL; /* also for a text that is nowhere */
    if (separator->size == 1) return memchr(text, separator->text[0], size);
    return memmem(text, size, separator->text, separator->size);
}

static pipes_status split(const struct separator *separator, pipes_call *call, uint64_t row,
                          const pipes_value *text) {
    const char *from = text->text, *end = from + text->size;
    for (;;) {
        const char *cut = find(separator, from, (size_t)(end - from));
        pipes_status status =
            pipes_emit(call, row, pipes_string(from, (size_t)((cut ? cut : end) - from)));
        if (status != PIPES_OK || !cut) return status;
        from = cut + separator->size;
    }
}

pipes_status split_process(void *state, pipes_call *call, const pipes_batch *batch) {
    for (uint64_t row = 0; row < batch->count; row++) {
        const pipes_value *text = &batch->columns[0][row];
        if (text->kind == PIPES_NULL) continue; /* a text that is missing has no parts */
        if (text->kind != PIPES_STRING) {
            static const char reason[] = "not a STRING";
            call->host->settle(call, row, PIPES_REJECT, reason, sizeof reason - 1);
            continue;
        }
        pipes_status status = split(state, call, row, text);
        if (status != PIPES_OK) return status;
    }
    return PIPES_OK;
}
