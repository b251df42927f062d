/* strings.reverse */
#include "strings.h"
#include "utf8.h"

pipes_status reverse_map(void *state, pipes_call *call, const pipes_value *row,
                         pipes_value *result) {
    (void)state;
    if (row->kind != PIPES_STRING) return strings_not_text(call, row, result);
    const char *from = row->text, *end = from + row->size;
    char *reversed = pipes_alloc(call, row->size);
    if (!reversed) return PIPES_RETRY;
    char *to = reversed + row->size;
    while (from < end) {
        if (end - from >= 8) {
            uint64_t word = utf8_word(from);
            if (!(word & UTF8_TOP_BITS)) {
                word = __builtin_bswap64(word);
                to -= sizeof word;
                memcpy(to, &word, sizeof word);
                from += sizeof word;
                continue;
            }
        }
        size_t length = utf8_length(from, (size_t)(end - from));
        if (!length) length = 1; /* a byte that is no text goes along alone */
        to -= length;
        for (size_t at = 0; at < length; at++) to[at] = from[at];
        from += length;
    }
    *result = pipes_string(reversed, row->size);
    return PIPES_OK;
}
