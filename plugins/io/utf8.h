/* Where a text is UTF-8 and where it is not (The Unicode Standard, table 3-7). */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* How many of the `left` bytes (at least one) make up the first code point. Where they are no code
 * point, how many one U+FFFD stands for: the longest start of one, or a single byte. */
static inline size_t utf8_sequence(const char *text, size_t left, bool *valid) {
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned char lead = bytes[0], low = 0x80, high = 0xBF;
    if (lead < 0x80) {
        *valid = true;
        return 1;
    }
    size_t whole = lead < 0xC2 || lead > 0xF4 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead == 0xE0) low = 0xA0;  /* no longer form than needed */
    if (lead == 0xED) high = 0x9F; /* no surrogates */
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F; /* nothing past U+10FFFF */
    size_t length = 1;
    while (length < whole && length < left && bytes[length] >= low && bytes[length] <= high) {
        length++;
        low = 0x80;
        high = 0xBF;
    }
    *valid = length == whole;
    return length;
}

/* How many bytes from the start on are UTF-8: `size` for a text that is. */
static inline size_t utf8_valid_prefix(const char *text, size_t size) {
    size_t at = 0;
    while (at < size) {
        uint64_t word;
        if (size - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if (!(word & 0x8080808080808080u)) { /* eight of ASCII at once */
                at += sizeof word;
                continue;
            }
        }
        bool valid;
        size_t length = utf8_sequence(text + at, size - at, &valid);
        if (!valid) break;
        at += length;
    }
    return at;
}

#endif
