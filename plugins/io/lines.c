/* io.lines: a STRING for each line of a file.
 *
 * Lines are not copied. The file is read into blocks, rows point into them, and each call that
 * emitted rows takes a share of its block, given back when the last batch with such rows is gone. A
 * block is only ever written behind what was already emitted from it. Text in another encoding than
 * UTF-8 is read into a decoder first, and into the block from there.
 */
#define _POSIX_C_SOURCE 200809L
#include "io.h"
#include "utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOCK_SIZE = 64 * 1024,            /* what a pipe holds at most by default */
    LEAST_ROOM = 4 * 1024,             /* less is not worth a read */
    LONGEST_LINE = 1024 * 1024 * 1024, /* a file without line ends must not eat all memory */
};

struct block {
    atomic_size_t shares; /* the reader's, and one for each call that emitted rows from it */
    size_t capacity;
    char bytes[];
};

struct reader {
    const pipes_host *host;
    pipes_node *node;
    char *name;     /* for messages */
    char *encoding; /* as the user wrote it */
    int file;
    int wake;
    struct decoder *decoder; /* NULL for UTF-8, which is taken as it is */
    bool is_begun;           /* a byte order mark has been left out, or there was none */
    bool at_end;
    uint64_t lines;    /* emitted so far */
    uint64_t repaired; /* of them, those with U+FFFD for what is not valid */
    struct block *block;
    size_t start;   /* of the first line that is not emitted yet */
    size_t scanned; /* up to here that line has no LF */
    size_t end;     /* of what was read */
};

/* Two readers of standard input would each get some of its lines, at random. */
static atomic_flag standard_input_is_read = ATOMIC_FLAG_INIT;

static struct block *block_new(size_t capacity) {
    struct block *block = malloc(sizeof *block + capacity);
    if (!block) return NULL;
    atomic_init(&block->shares, 1);
    block->capacity = capacity;
    return block;
}

static void block_give_back(void *context) {
    struct block *block = context;
    if (atomic_fetch_sub_explicit(&block->shares, 1, memory_order_acq_rel) == 1) free(block);
}

/* Makes room to read, where need be in a new block that starts with the line under way. */
static pipes_status make_room(struct reader *reader, pipes_call *call) {
    if (reader->block->capacity - reader->end >= LEAST_ROOM) return PIPES_OK;
    size_t begun = reader->end - reader->start;
    if (begun > LONGEST_LINE) {
        return io_fail(reader->host, reader->node, call, "%s has a line of more than %d bytes",
                       reader->name, LONGEST_LINE);
    }
    struct block *block = block_new(begun < BLOCK_SIZE / 2 ? BLOCK_SIZE : begun * 2);
    if (!block) return pipes_explain(call, PIPES_RETRY, "no memory for a line");
    memcpy(block->bytes, reader->block->bytes + reader->start, begun);
    block_give_back(reader->block);
    reader->block = block;
    reader->scanned -= reader->start;
    reader->start = 0;
    reader->end = begun;
    return PIPES_OK;
}

/* Converts what the decoder has, as far as there is room. */
static void decode(struct reader *reader) {
    reader->end += decoder_take(reader->decoder, reader->block->bytes + reader->end,
                                reader->block->capacity - reader->end);
    reader->at_end = decoder_is_over(reader->decoder);
}

/* Waits for more of the file. PIPES_OK without any: somebody wants the call to return. */
static pipes_status read_more(struct reader *reader, pipes_call *call) {
    pipes_status status = make_room(reader, call);
    if (status != PIPES_OK) return status;
    if (reader->decoder && decoder_has_more(reader->decoder)) {
        decode(reader);
        return PIPES_OK;
    }
    int ready = wake_wait(reader->wake, reader->file, POLLIN);
    if (ready == 0) return PIPES_OK;
    ssize_t size = -1;
    if (ready > 0) {
        size_t room = reader->block->capacity - reader->end;
        char *bytes = reader->decoder ? decoder_room(reader->decoder, &room)
                                      : reader->block->bytes + reader->end;
        size = read(reader->file, bytes, room);
    }
    if (size < 0) {
        if (errno == EINTR || errno == EAGAIN) return PIPES_OK;
        return io_fail(reader->host, reader->node, call, "can't read %s: %s", reader->name,
                       strerror(errno));
    }
    if (reader->decoder) {
        decoder_add(reader->decoder, (size_t)size);
        decode(reader);
        return PIPES_OK;
    }
    reader->at_end = size == 0;
    reader->end += (size_t)size;
    return PIPES_OK;
}

/* Leaves out a byte order mark, which is no part of the first line. */
static void skip_mark(struct reader *reader) {
    static const char mark[] = {'\xEF', '\xBB', '\xBF'};
    if (reader->is_begun) return;
    size_t size = reader->end - reader->start;
    const char *bytes = reader->block->bytes + reader->start;
    if (size < sizeof mark) {
        /* It may still become one; no line has ended in it. */
        reader->is_begun = reader->at_end || memcmp(bytes, mark, size) != 0;
        return;
    }
    reader->is_begun = true;
    if (memcmp(bytes, mark, sizeof mark) != 0) return;
    reader->start += sizeof mark;
    reader->scanned = reader->start;
}

static const char *encoding_of(const struct reader *reader) {
    return reader->decoder ? reader->encoding : "UTF-8";
}

/* The first line is reported at once, while the file is still being read, the number at the end. */
static void warn_of_first(const struct reader *reader, uint64_t line) {
    io_warn(reader->host, reader->node,
            "line %" PRIu64 " of %s is not %s: U+FFFD stands for what is wrong%s", line,
            reader->name, encoding_of(reader),
            reader->decoder ? "" : "; if it has another encoding, set the arg \"encoding\"");
}

static void warn_of_all(const struct reader *reader) {
    io_warn(reader->host, reader->node, "%" PRIu64 " of %" PRIu64 " lines of %s %s not %s",
            reader->repaired, reader->lines, reader->name, reader->repaired == 1 ? "is" : "are",
            encoding_of(reader));
}

/* A copy of the text in which U+FFFD stands for all that is not UTF-8; NULL without memory. */
static char *repaired(pipes_call *call, const char *text, size_t *size) {
    char *copy =
        pipes_alloc(call, *size * 3); /* three bytes for each one that is wrong, at worst */
    if (!copy) return NULL;
    size_t at = 0, used = 0;
    while (at < *size) {
        bool valid;
        size_t length = utf8_sequence(text + at, *size - at, &valid);
        size_t written = valid ? length : 3;
        memcpy(copy + used, valid ? text + at : "\xEF\xBF\xBD", written);
        at += length;
        used += written;
    }
    *size = used;
    return copy;
}

/* Emits the lines that are there, up to the demand. Nothing has happened unless it answers
 * PIPES_OK: the host throws away what a failed call emitted. */
static pipes_status emit_lines(struct reader *reader, pipes_call *call, uint64_t *rows) {
    const char *bytes = reader->block->bytes;
    size_t start = reader->start, scanned = reader->scanned;
    int64_t repairs = 0;
    uint64_t first_repair = 0;
    for (*rows = 0; *rows < call->demand; ++*rows) {
        const char *line = bytes + start;
        const char *feed = memchr(bytes + scanned, '\n', reader->end - scanned);
        if (!feed) {
            scanned = reader->end;
            if (!reader->at_end || start == reader->end) break;
        }
        size_t size = (size_t)((feed ? feed : bytes + reader->end) - line);
        start = scanned = start + size + (feed ? 1 : 0);
        if (feed && size && line[size - 1] == '\r') size--;
        if (utf8_valid_prefix(line, size) < size) {
            line = repaired(call, line, &size);
            if (!line) return pipes_explain(call, PIPES_RETRY, "no memory for a line");
            if (!repairs++) first_repair = reader->lines + *rows + 1;
        }
        pipes_status status = pipes_emit(call, PIPES_NO_ROW, pipes_string(line, size));
        if (status != PIPES_OK) return status;
    }
    if (*rows) {
        atomic_fetch_add_explicit(&reader->block->shares, 1, memory_order_relaxed);
        pipes_status status =
            call->host->adopt(call, start - reader->start, block_give_back, reader->block);
        if (status != PIPES_OK) {
            block_give_back(reader->block);
            return status;
        }
    }
    if (repairs) {
        if (!reader->repaired) warn_of_first(reader, first_repair);
        call->host->count(call->node, "repaired", repairs);
        reader->repaired += (uint64_t)repairs;
    }
    reader->lines += *rows;
    reader->start = start;
    reader->scanned = scanned;
    return PIPES_OK;
}

/* Hands out what is there, and waits only where there is no whole line. */
pipes_status lines_produce(void *state, pipes_call *call) {
    struct reader *reader = state;
    for (;;) {
        if (call->host->stopping(call->node)) return PIPES_END;
        skip_mark(reader);
        uint64_t rows;
        pipes_status status = emit_lines(reader, call, &rows);
        if (status != PIPES_OK) return status;
        if (reader->at_end && reader->start == reader->end) return PIPES_END;
        if (rows || !call->demand) return PIPES_OK;
        status = read_more(reader, call);
        if (status != PIPES_OK) return status;
    }
}

void lines_interrupt(void *state) {
    struct reader *reader = state;
    wake_up(reader->wake);
}

static pipes_status open_file(struct reader *reader, const pipes_value *path) {
    if (path->size == 1 && path->text[0] == '-') {
        if (atomic_flag_test_and_set(&standard_input_is_read)) {
            return io_fail(reader->host, reader->node, NULL,
                           "another node reads standard input already");
        }
        reader->file = STDIN_FILENO;
        reader->name = strdup("standard input");
    } else {
        char *name = io_path(reader->host, reader->node, path);
        if (!name) return PIPES_FATAL;
        reader->name = io_quoted(name);
        /* Without O_NONBLOCK a named pipe would hold up open until somebody writes to it. */
        reader->file = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        int error = errno;
        free(name);
        errno = error;
    }
    int error = reader->file < 0 ? errno : 0;
    struct stat status;
    if (!reader->name) error = ENOMEM;
    if (!error && fstat(reader->file, &status)) error = errno;
    if (!error && S_ISDIR(status.st_mode)) error = EISDIR;
    if (!error) return PIPES_OK;
    return io_fail(reader->host, reader->node, NULL, "can't read %s: %s",
                   reader->name ? reader->name : "a file", strerror(error));
}

static pipes_status choose_encoding(struct reader *reader, const pipes_value *name) {
    reader->encoding = strndup(name->text, name->size);
    if (!reader->encoding) return io_fail(reader->host, reader->node, NULL, "no memory");
    /* iconv takes an empty name for the encoding of the locale; one with a NUL is none. */
    if (name->size && strlen(reader->encoding) == name->size) {
        if (!strcasecmp(reader->encoding, "utf-8") || !strcasecmp(reader->encoding, "utf8"))
            return PIPES_OK;
        reader->decoder = decoder_new(reader->encoding);
        if (reader->decoder) return PIPES_OK;
        if (errno != EINVAL) {
            return io_fail(reader->host, reader->node, NULL, "encoding: %s", strerror(errno));
        }
    }
    return io_fail(reader->host, reader->node, NULL,
                   "encoding: \"%s\" is not an encoding that iconv knows; iconv -l lists them",
                   reader->encoding);
}

pipes_status lines_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state) {
    (void)count;
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader) return io_fail(host, node, NULL, "no memory");
    reader->host = host;
    reader->node = node;
    reader->file = reader->wake = -1;
    pipes_status status = choose_encoding(reader, &args[1]);
    if (status == PIPES_OK) status = open_file(reader, &args[0]);
    if (status == PIPES_OK) {
        reader->wake = wake_open();
        reader->block = block_new(BLOCK_SIZE);
        if (reader->wake < 0 || !reader->block) {
            status = io_fail(host, node, NULL, "can't read %s: %s", reader->name, strerror(errno));
        }
    }
    if (status == PIPES_OK) {
        *state = reader;
    } else {
        lines_close(reader);
    }
    return status;
}

void lines_close(void *state) {
    struct reader *reader = state;
    if (reader->repaired) warn_of_all(reader);
    decoder_free(reader->decoder);
    if (reader->block) block_give_back(reader->block);
    if (reader->wake >= 0) close(reader->wake);
    if (reader->file == STDIN_FILENO) {
        atomic_flag_clear(&standard_input_is_read);
    } else if (reader->file >= 0) {
        close(reader->file);
    }
    free(reader->encoding);
    free(reader->name);
    free(reader);
}
