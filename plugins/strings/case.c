/* strings.upper and strings.lower: the simple case mappings of Unicode, one code point to one. */
#include "case_tables.h"
#include "strings.h"
#include "utf8.h"

/* Eight ASCII letters at once. Adding to each byte what it lacks to 0x80 sets the top bit of those
 * from `first` on; no byte carries into the next, since all are below 0x80. */
static uint64_t toggle_case(uint64_t word, unsigned char first) {
    const uint64_t ones = 0x0101010101010101u;
    uint64_t from_first = word + ones * (0x80u - first);
    uint64_t past_last = word + ones * (0x80u - first - 26u);
    return word ^
           (from_first & ~past_last & UTF8_TOP_BITS) >> 2; /* 0x20 is what tells the cases apart */
}

static uint32_t mapped(const struct case_map *map, uint32_t code) {
    if (code >= map->limit) return code;
    uint8_t kind = map->kinds[map->pages[code / CASE_PAGE] * CASE_PAGE + code % CASE_PAGE];
    return code + (uint32_t)map->deltas[kind];
}

static char *map_code_point(const struct case_map *map, const char *from, size_t length, char *to) {
    if (!length) { /* a byte that is no text stays as it is */
        *to = *from;
        return to + 1;
    }
    return utf8_encode(to, mapped(map, utf8_decode(from, length)));
}

static size_t ascii_prefix(const char *text, size_t size) {
    size_t at = 0;
    while (size - at >= 8 && !(utf8_word(text + at) & UTF8_TOP_BITS)) at += 8;
    while (at < size && !(text[at] & 0x80)) at++;
    return at;
}

/* `first` is the first of the ASCII letters that change. */
static pipes_status change_case(pipes_call *call, const pipes_value *row, pipes_value *result,
                                const struct case_map *map, char first) {
    if (row->kind != PIPES_STRING) return strings_not_text(call, row, result);
    const char *from = row->text, *end = from + row->size;
    size_t beyond = row->size - ascii_prefix(from, row->size);
    /* ASCII keeps its size. Nothing else grows by more than from two bytes to three. */
    char *changed = pipes_alloc(call, row->size + (beyond + 1) / 2);
    if (!changed) return PIPES_RETRY;
    char *to = changed;
    while (from < end) {
        if (end - from >= 8) {
            uint64_t word = utf8_word(from);
            if (!(word & UTF8_TOP_BITS)) {
                word = toggle_case(word, (unsigned char)first);
                memcpy(to, &word, sizeof word);
                from += sizeof word;
                to += sizeof word;
                continue;
            }
        }
        size_t length = utf8_length(from, (size_t)(end - from));
        to = map_code_point(map, from, length, to);
        from += length ? length : 1;
    }
    *result = pipes_string(changed, (size_t)(to - changed));
    return PIPES_OK;
}

pipes_status upper_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state;
    return change_case(call, row, result, &upper_case, 'a');
}

pipes_status lower_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)state;
    return change_case(call, row, result, &lower_case, 'A');
}
