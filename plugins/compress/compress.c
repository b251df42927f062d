/* compress: the zlib format (RFC 1950), row by row. */
#define _POSIX_C_SOURCE 200809L
#include "utf8.h"
#include <pipes/pipes.h>

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

static pipes_status refuse(const pipes_host *host, pipes_node *node, const char *text) {
    return pipes_explain_open(host, node, PIPES_FATAL, text);
}

/* Only STRING and BYTES can be worked on. NULL passes (it can stand for a partner that is missing).
 */
static bool has_bytes(const pipes_value *row) {
    return row->kind == PIPES_STRING || row->kind == PIPES_BYTES;
}

static pipes_status without_bytes(pipes_call *call, const pipes_value *row, pipes_value *result) {
    if (row->kind != PIPES_NULL)
        return pipes_explain(call, PIPES_REJECT, "neither STRING nor BYTES");
    *result = *row;
    return PIPES_OK;
}

/* Gives a buffer from malloc to the batch, at the size that is used. */
static pipes_status hand_over(pipes_call *call, uint8_t **bytes, size_t size) {
    uint8_t *fitting = realloc(*bytes, size ? size : 1);
    if (fitting) *bytes = fitting; /* else it only keeps more than it needs */
    pipes_status status = call->host->adopt(call, size, free, *bytes);
    if (status != PIPES_OK) free(*bytes);
    return status;
}

/* ------------------------------------------------------------------ deflate -- */

struct deflater {
    int level;
};

static pipes_status deflate_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                                 size_t count, void **state) {
    (void)count;
    struct deflater *deflater = malloc(sizeof *deflater);
    if (!deflater) return refuse(host, node, "no memory");
    deflater->level = (int)args[0].integer;
    *state = deflater;
    return PIPES_OK;
}

static pipes_status deflate_map(void *state, pipes_call *call, const pipes_value *row,
                                pipes_value *result) {
    const struct deflater *deflater = state;
    if (!has_bytes(row)) return without_bytes(call, row, result);
    uLongf size = compressBound(row->size);
    uint8_t *bytes = malloc(size);
    if (!bytes) return PIPES_RETRY;
    if (compress2(bytes, &size, row->bytes, row->size, deflater->level) != Z_OK) {
        free(bytes);
        return pipes_explain(call, PIPES_RETRY, "no memory to deflate");
    }
    pipes_status status = hand_over(call, &bytes, size);
    if (status == PIPES_OK) *result = pipes_bytes(bytes, size);
    return status;
}

/* ------------------------------------------------------------------ inflate -- */

struct inflater {
    bool as_text;
    size_t limit; /* bytes: a small row can unpack to a thousand times its size */
};

struct output {
    uint8_t *bytes;
    size_t size, capacity;
};

static pipes_status inflate_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                                 size_t count, void **state) {
    (void)count;
    struct inflater *inflater = malloc(sizeof *inflater);
    if (!inflater) return refuse(host, node, "no memory");
    inflater->as_text = args[0].size == 4 && !memcmp(args[0].text, "text", 4);
    inflater->limit = (size_t)args[1].integer;
    *state = inflater;
    return PIPES_OK;
}

static bool grow(struct output *output, size_t limit) {
    size_t capacity = output->capacity > limit / 2 ? limit : output->capacity * 2;
    uint8_t *bytes = realloc(output->bytes, capacity);
    if (!bytes) return false;
    output->bytes = bytes;
    output->capacity = capacity;
    return true;
}

static pipes_status reject(pipes_call *call, const char *why) {
    char reason[128];
    snprintf(reason, sizeof reason, "inflate: %s", why);
    return pipes_explain(call, PIPES_REJECT, reason);
}

static pipes_status too_large(pipes_call *call, size_t limit) {
    char why[80];
    snprintf(why, sizeof why, "the row unpacks to more than %zu bytes, its limit", limit);
    return reject(call, why);
}

/* zlib counts what it is given in an unsigned int. */
static uInt at_most(size_t size) { return size < UINT_MAX ? (uInt)size : UINT_MAX; }

/* Unpacks one row into `output`, which grows as data comes and never on a promise. */
static pipes_status unpack(z_stream *stream, pipes_call *call, const pipes_value *row, size_t limit,
                           struct output *output) {
    stream->next_in = row->bytes;
    for (;;) {
        size_t unread = row->size - (size_t)(stream->next_in - row->bytes);
        if (output->size == output->capacity && output->capacity < limit && !grow(output, limit)) {
            return pipes_explain(call, PIPES_RETRY, "no memory to inflate");
        }
        uint8_t past_limit; /* where there is no room left, only the end may follow */
        bool is_full = output->size == limit;
        stream->avail_in = at_most(unread);
        stream->next_out = is_full ? &past_limit : output->bytes + output->size;
        stream->avail_out = is_full ? 1 : at_most(output->capacity - output->size);
        uint8_t *before = stream->next_out;
        int outcome = inflate(stream, Z_NO_FLUSH);
        size_t made = (size_t)(stream->next_out - before);
        if (is_full && made) return too_large(call, limit);
        output->size += made;
        unread = row->size - (size_t)(stream->next_in - row->bytes);
        switch (outcome) {
        case Z_OK:
            if (unread || !stream->avail_out) continue;
            return reject(call, "the data ends early");
        case Z_STREAM_END: return unread ? reject(call, "more data after the end") : PIPES_OK;
        case Z_BUF_ERROR: return reject(call, "the data ends early");
        case Z_NEED_DICT: return reject(call, "the data needs a preset dictionary");
        case Z_MEM_ERROR: return pipes_explain(call, PIPES_RETRY, "no memory to inflate");
        default: return reject(call, stream->msg ? stream->msg : "the data is damaged");
        }
    }
}

static pipes_status check_text(pipes_call *call, const struct output *output) {
    size_t valid = utf8_valid_prefix((const char *)output->bytes, output->size);
    if (valid == output->size) return PIPES_OK;
    char why[64];
    snprintf(why, sizeof why, "not UTF-8 at byte %zu", valid);
    return reject(call, why);
}

static pipes_status inflate_map(void *state, pipes_call *call, const pipes_value *row,
                                pipes_value *result) {
    const struct inflater *inflater = state;
    if (!has_bytes(row)) return without_bytes(call, row, result);
    size_t guess = row->size < SIZE_MAX / 4 ? row->size * 4 + 64 : row->size;
    struct output output = {.capacity = guess < inflater->limit ? guess : inflater->limit};
    output.bytes = malloc(output.capacity);
    if (!output.bytes) return PIPES_RETRY;
    z_stream stream = {0};
    pipes_status status;
    if (inflateInit(&stream) == Z_OK) {
        status = unpack(&stream, call, row, inflater->limit, &output);
        inflateEnd(&stream);
    } else {
        status = pipes_explain(call, PIPES_RETRY, "no memory to inflate");
    }
    if (status == PIPES_OK && inflater->as_text) status = check_text(call, &output);
    if (status != PIPES_OK) {
        free(output.bytes);
        return status;
    }
    status = hand_over(call, &output.bytes, output.size);
    if (status != PIPES_OK) return status;
    *result = inflater->as_text ? pipes_string((const char *)output.bytes, output.size)
                                : pipes_bytes(output.bytes, output.size);
    return PIPES_OK;
}

/* -------------------------------------------------------------- description -- */

static const pipes_port anything[] = {
    PIPES_PORT(PIPES_ANY, "data", "STRING or BYTES; others are rejected")};
static const pipes_port packed[] = {PIPES_PORT(PIPES_BYTES, "packed", "in the zlib format")};
static const pipes_port unpacked[] = {
    PIPES_PORT(PIPES_ANY, "data", "BYTES or STRING, as \"as\" says")};

static const pipes_param deflate_params[] = {
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_INT,
     .name = "level",
     .help = "From 0, not packed, over 1, fast, to 9, small.",
     .fallback = "6",
     .minimum = "0",
     .maximum = "9"},
};
static const pipes_param inflate_params[] = {
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_STRING,
     .name = "as",
     .help = "What the rows become.",
     .fallback = "\"bytes\"",
     .choices = "[\"bytes\", \"text\"]"},
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_INT,
     .name = "limit",
     .help = "Bytes; a row that unpacks to more is rejected.",
     .fallback = "268435456",
     .minimum = "1"},
};

/* No state that changes, no waiting: rows of one node may be worked on by several threads at once.
 */
enum { FREE_OF_STATE = PIPES_CONCURRENT | PIPES_NONBLOCKING | PIPES_PURE };

static const pipes_processor processors[] = {
    {.struct_size = sizeof(pipes_processor),
     .flags = FREE_OF_STATE,
     .name = "deflate",
     .summary = "Packs a STRING or BYTES into the zlib format.",
     .params = deflate_params,
     .param_count = 1,
     .input_count = 1,
     .inputs = anything,
     .output_count = 1,
     .outputs = packed,
     .open = deflate_open,
     .map = deflate_map,
     .close = free},
    {.struct_size = sizeof(pipes_processor),
     .flags = FREE_OF_STATE,
     .name = "inflate",
     .summary = "Unpacks data in the zlib format.",
     .params = inflate_params,
     .param_count = 2,
     .input_count = 1,
     .inputs = anything,
     .output_count = 1,
     .outputs = unpacked,
     .open = inflate_open,
     .map = inflate_map,
     .close = free},
};
PIPES_PLUGIN("compress", "1.0.0", "Packs and unpacks data.", processors)
