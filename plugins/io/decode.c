/* Text in another encoding becomes UTF-8, with the iconv of the C library. */
#define _POSIX_C_SOURCE 200809L
#include "io.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_SIZE = 64 * 1024 };

struct decoder {
    iconv_t converter;
    size_t unit; /* of the encoding, in bytes: how much of a wrong text is skipped at once */
    bool has_more;
    bool at_end;     /* no more input comes */
    bool is_flushed; /* what the converter kept back at the end has been taken */
    size_t start;    /* of what is not converted yet */
    size_t end;
    char input[INPUT_SIZE];
};

/* How many bytes a line feed takes: 2 in UTF-16, 4 in UTF-32. */
static size_t unit_of(const char *encoding) {
    iconv_t converter = iconv_open(encoding, "UTF-8");
    if (converter == (iconv_t)-1) return 1;
    size_t size = 0;
    for (int feeds = 0; feeds < 2; feeds++) { /* before the first there may be a byte order mark */
        char feed[] = "\n", bytes[32];
        char *from = feed, *to = bytes;
        size_t left = 1, room = sizeof bytes;
        if (iconv(converter, &from, &left, &to, &room) == (size_t)-1) break;
        size = sizeof bytes - room;
    }
    iconv_close(converter);
    return size == 2 || size == 4 ? size : 1;
}

struct decoder *decoder_new(const char *encoding) {
    struct decoder *decoder = malloc(sizeof *decoder);
    if (!decoder) return NULL;
    *decoder = (struct decoder){.converter = iconv_open("UTF-8", encoding)};
    if (decoder->converter == (iconv_t)-1) {
        int error = errno;
        free(decoder);
        errno = error;
        return NULL;
    }
    decoder->unit = unit_of(encoding);
    return decoder;
}

void decoder_free(struct decoder *decoder) {
    if (!decoder) return;
    iconv_close(decoder->converter);
    free(decoder);
}

char *decoder_room(struct decoder *decoder, size_t *size) {
    /* What is left is the start of one character. */
    size_t left = decoder->end - decoder->start;
    memmove(decoder->input, decoder->input + decoder->start, left);
    decoder->start = 0;
    decoder->end = left;
    *size = INPUT_SIZE - left;
    return decoder->input + left;
}

void decoder_add(struct decoder *decoder, size_t size) {
    decoder->end += size;
    decoder->at_end = size == 0;
    decoder->has_more = true;
}

bool decoder_has_more(const struct decoder *decoder) { return decoder->has_more; }

bool decoder_is_over(const struct decoder *decoder) {
    return decoder->at_end && !decoder->has_more;
}

size_t decoder_take(struct decoder *decoder, char *text, size_t room) {
    char *to = text;
    size_t left = room;
    while (decoder->has_more) {
        char *from = decoder->input + decoder->start;
        size_t size = decoder->end - decoder->start;
        bool flushes = !size && decoder->at_end && !decoder->is_flushed;
        size_t result = flushes ? iconv(decoder->converter, NULL, NULL, &to, &left)
                                : iconv(decoder->converter, &from, &size, &to, &left);
        int error = result == (size_t)-1 ? errno : 0;
        decoder->start = decoder->end - size;
        if (error == E2BIG) break;
        if (flushes) decoder->is_flushed = true;
        if (!size || (error == EINVAL && !decoder->at_end)) {
            /* Whoever has no input left still has to be flushed at the end. */
            decoder->has_more = decoder->at_end && !decoder->is_flushed;
        } else if (error) {
            if (!left) break;
            *to++ = NOT_UTF8;
            left--;
            decoder->start += size < decoder->unit ? size : decoder->unit;
        }
    }
    return room - left;
}
