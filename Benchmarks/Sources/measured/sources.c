/* Sources: numbers, texts, buffers, and rows at a pace. */
#define _POSIX_C_SOURCE 200809L
#include "measured.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct source {
    uint64_t next; /* the number of the next row */
    uint64_t count;
};

uint64_t measured_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

pipes_status source_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                         size_t count, void **state) {
    (void)host, (void)node, (void)count;
    struct source *source = malloc(sizeof *source);
    if (!source) return PIPES_FATAL;
    *source = (struct source){.next = 0, .count = (uint64_t)args[0].integer};
    *state = source;
    return PIPES_OK;
}

/* How many rows this call makes. */
static uint64_t due(const struct source *source, const pipes_call *call) {
    uint64_t left = source->count - source->next;
    return left < call->demand ? left : call->demand;
}

static pipes_status made(struct source *source, uint64_t rows) {
    source->next += rows;
    return source->next < source->count ? PIPES_OK : PIPES_END;
}

pipes_status ints_produce(void *state, pipes_call *call) {
    struct source *source = state;
    uint64_t rows = due(source, call);
    for (uint64_t row = 0; row < rows; row++) {
        pipes_status status =
            pipes_emit(call, PIPES_NO_ROW, pipes_int((int64_t)(source->next + row)));
        if (status != PIPES_OK) return status;
    }
    return made(source, rows);
}

/* Texts in the form of UUIDs whose first eight digits count. */
pipes_status texts_produce(void *state, pipes_call *call) {
    static const char form[TEXT_SIZE + 1] = "00000000-c0de-4fab-8bed-0123456789ab";
    static const char digits[] = "0123456789abcdef";
    struct source *source = state;
    uint64_t rows = due(source, call);
    char *text = pipes_alloc(call, rows * TEXT_SIZE);
    if (!text) return PIPES_RETRY;
    for (uint64_t row = 0; row < rows; row++, text += TEXT_SIZE) {
        uint64_t number = source->next + row;
        memcpy(text, form, TEXT_SIZE);
        for (unsigned digit = 0; digit < 8; digit++)
            text[digit] = digits[number >> (28 - 4 * digit) & 15];
        pipes_status status = pipes_emit(call, PIPES_NO_ROW, pipes_string(text, TEXT_SIZE));
        if (status != PIPES_OK) return status;
    }
    return made(source, rows);
}

/* Buffers that are filled once and used again: filling one takes longer than all that is to be
 * measured. The first bytes of each hold its own address. How many there are is up to the host:
 * a new one is made where none has come back. */
struct buffer {
    struct buffer *self; /* what the sink looks at */
    struct buffer *next; /* of those that came back */
};
static struct {
    pthread_mutex_t lock;
    struct buffer *first;
} unused = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void return_buffer(void *context) {
    struct buffer *buffer = context;
    pthread_mutex_lock(&unused.lock);
    buffer->next = unused.first;
    unused.first = buffer;
    pthread_mutex_unlock(&unused.lock);
}

static struct buffer *take_buffer(void) {
    pthread_mutex_lock(&unused.lock);
    struct buffer *buffer = unused.first;
    if (buffer) unused.first = buffer->next;
    pthread_mutex_unlock(&unused.lock);
    if (buffer) return buffer;
    buffer = malloc(BUFFER_SIZE);
    if (!buffer) return NULL;
    memset(buffer, 1, BUFFER_SIZE);
    buffer->self = buffer;
    return buffer;
}

/* A few at a time, as from a device: 256 of them would be 256 MiB. */
enum { BUFFERS_AT_ONCE = 16 };

pipes_status buffers_produce(void *state, pipes_call *call) {
    struct source *source = state;
    uint64_t rows = due(source, call);
    if (rows > BUFFERS_AT_ONCE) rows = BUFFERS_AT_ONCE;
    for (uint64_t row = 0; row < rows; row++) {
        struct buffer *buffer = take_buffer();
        if (!buffer) return pipes_explain(call, PIPES_FATAL, "no memory for a buffer");
        pipes_status status = call->host->adopt(call, BUFFER_SIZE, return_buffer, buffer);
        if (status != PIPES_OK) {
            return_buffer(buffer);
            return status;
        }
        status = pipes_emit(call, PIPES_NO_ROW, pipes_bytes(buffer, BUFFER_SIZE));
        if (status != PIPES_OK) return status;
    }
    return made(source, rows);
}

/* ------------------------------------------------------------------ at a pace -- */

struct paced {
    uint64_t left, interval, due; /* rows; nanoseconds; when the next row is due */
};

pipes_status paced_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state) {
    (void)host, (void)node, (void)count;
    struct paced *paced = malloc(sizeof *paced);
    if (!paced) return PIPES_FATAL;
    *paced = (struct paced){
        .left = (uint64_t)args[0].integer,
        .interval = 1000000000u / (uint64_t)args[1].integer,
        .due = measured_now(),
    };
    *state = paced;
    return PIPES_OK;
}

static pipes_status emit_now(struct paced *paced, pipes_call *call) {
    uint64_t now = measured_now();
    /* A late row delays those behind it, so that the pace is never made up for in a burst. */
    paced->due = (now > paced->due + paced->interval ? now : paced->due) + paced->interval;
    pipes_status status = pipes_emit(call, PIPES_NO_ROW, pipes_int((int64_t)now));
    if (status != PIPES_OK) return status;
    return --paced->left ? PIPES_OK : PIPES_END;
}

pipes_status paced_produce(void *state, pipes_call *call) {
    struct paced *paced = state;
    if (!paced->left) return PIPES_END;
    while (measured_now() < paced->due);
    return emit_now(paced, call);
}

pipes_status paced_sleeping_produce(void *state, pipes_call *call) {
    struct paced *paced = state;
    if (!paced->left) return PIPES_END;
    struct timespec until = {.tv_sec = (time_t)(paced->due / 1000000000u),
                             .tv_nsec = (long)(paced->due % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0);
    return emit_now(paced, call);
}
