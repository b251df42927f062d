/* What io.print and io.write share: rows become lines, and lines are written a batch at a time. */
#define _POSIX_C_SOURCE 200809L
#include "io.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENOUGH_TO_WRITE = 64 * 1024 };

pipes_status sink_open(struct sink *sink, int file) {
    struct stat status;
    sink->file = file;
    sink->may_wait = fstat(file, &status) || !S_ISREG(status.st_mode);
    sink->wake = wake_open();
    if (sink->wake < 0) {
        return io_fail(sink->host, sink->node, NULL, "can't write %s: %s", sink->name,
                       strerror(errno));
    }
    return PIPES_OK;
}

void sink_close(struct sink *sink) {
    if (sink->wake >= 0) close(sink->wake);
    free(sink->text.bytes);
}

/* Writes all, in pieces that do not block once the file has room: a reader that sleeps must not
 * keep a cancelled run alive. */
static pipes_status write_all(struct sink *sink, pipes_call *call, const char *bytes, size_t size) {
    while (size) {
        size_t piece = size;
        if (sink->may_wait) {
            if (sink->host->stopping(sink->node)) return PIPES_CANCELLED;
            if (wake_wait(sink->wake, sink->file, POLLOUT) == 0) continue;
            if (piece > PIPE_BUF) piece = PIPE_BUF;
        }
        ssize_t written = write(sink->file, bytes, piece);
        if (written < 0) {
            if (errno == EINTR || errno == EAGAIN) continue;
            if (sink->end_when_closed && errno == EPIPE) return PIPES_END;
            return io_fail(sink->host, sink->node, call, "can't write %s: %s", sink->name,
                           strerror(errno));
        }
        bytes += written;
        size -= (size_t)written;
    }
    return PIPES_OK;
}

/* Always whole lines, so that nodes that share a file never tear each other's. */
static pipes_status write_lines(struct sink *sink, pipes_call *call) {
    if (sink->turn) pthread_mutex_lock(sink->turn);
    pipes_status status = write_all(sink, call, sink->text.bytes, sink->text.used);
    if (sink->turn) pthread_mutex_unlock(sink->turn);
    sink->text.used = 0;
    return status;
}

pipes_status sink_rows(struct sink *sink, pipes_call *call, const pipes_batch *batch) {
    struct text *text = &sink->text;
    for (uint64_t row = 0; row < batch->count; row++) {
        size_t before = text->used;
        for (uint64_t input = 0; input < batch->width; input++) {
            if (input) text_put(text, "\t", 1);
            text->input = batch->width > 1 ? input + 1 : 0;
            text_put_value(text, &batch->columns[input][row]);
        }
        text_put(text, "\n", 1);
        if (text->problem) {
            call->host->settle(call, row, text->status, text->problem, strlen(text->problem));
            text->problem = NULL;
            text->used = before;
        }
        if (text->used >= ENOUGH_TO_WRITE) {
            pipes_status status = write_lines(sink, call);
            if (status != PIPES_OK) return status;
        }
    }
    return write_lines(sink, call);
}
