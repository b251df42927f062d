/* Where a text is UTF-8 (The Unicode Standard, table 3-7). */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* How many of the `left` bytes (at least one) make up the first code point, or 0 where they are
 * none. */
static inline size_t utf8_length(const char *text, size_t left) {
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned char lead = bytes[0], low = 0x80, high = 0xBF;
    if (lead < 0x80) return 1;
    size_t length = lead < 0xC2 || lead > 0xF4 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (length > left) return 0;
    if (lead == 0xE0) low = 0xA0;  /* no longer form than needed */
    if (lead == 0xED) high = 0x9F; /* no surrogates */
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F; /* nothing past U+10FFFF */
    for (size_t at = 1; at < length; at++, low = 0x80, high = 0xBF) {
        if (bytes[at] < low || bytes[at] > high) return 0;
    }
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
        size_t length = utf8_length(text + at, size - at);
        if (!length) break;
        at += length;
    }
    return at;
}

#endif
