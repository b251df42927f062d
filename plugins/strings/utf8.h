/* Code points in UTF-8 (The Unicode Standard, table 3-7). */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Eight bytes of a text, whose order does not matter here; all are ASCII when no top bit is set. */
#define UTF8_TOP_BITS 0x8080808080808080u

static inline uint64_t utf8_word(const char *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* How many of the `left` bytes (at least one) make up the first code point, or 0 where they are
 * none. A STRING should be UTF-8, but a text that is not must never be read past its end. */
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

/* The code point in the `length` bytes that utf8_length found. */
static inline uint32_t utf8_decode(const char *text, size_t length) {
    const unsigned char *bytes = (const unsigned char *)text;
    if (length == 1) return bytes[0];
    uint32_t code = bytes[0] & (0x7Fu >> length);
    for (size_t at = 1; at < length; at++) code = code << 6 | (bytes[at] & 0x3Fu);
    return code;
}

/* Writes a code point and answers its end. */
static inline char *utf8_encode(char *to, uint32_t code) {
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    unsigned length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    *to++ = (char)((0xF00u >> length & 0xF0u) | code >> 6 * (length - 1));
    for (unsigned left = length - 1; left > 0; left--) {
        *to++ = (char)(0x80u | (code >> 6 * (left - 1) & 0x3Fu));
    }
    return to;
}

#endif
