/* What the files of this plugin share. */
#ifndef IO_H
#define IO_H

#include <pipes/pipes.h>
#include <pipes/tensor.h>
#include <pthread.h>

/* Of all that is in this library only pipes_plugin_v1 is for others to see. */
#pragma GCC visibility push(hidden)

/* ------------------------------------------------------------ failures, io.c -- */

/* Explains why open (call is NULL) or a call failed, and answers PIPES_FATAL. */
__attribute__((format(printf, 4, 5))) pipes_status io_fail(const pipes_host *host, pipes_node *node,
                                                           pipes_call *call, const char *format,
                                                           ...);

/* A text of a param as a path that the system takes, to be freed; NULL after explaining why not. */
char *io_path(const pipes_host *host, pipes_node *node, const pipes_value *text);

/* The path in quotation marks, for messages; to be freed, NULL without memory. */
char *io_quoted(const char *path);

/* A warning that names the node. */
__attribute__((format(printf, 3, 4))) void io_warn(const pipes_host *host, pipes_node *node,
                                                   const char *format, ...);

/* ------------------------------------------- text in other encodings, decode.c -- */

/* What stands in converted text for each part that could not be converted: no text in UTF-8 has
 * this byte. */
#define NOT_UTF8 '\xff'

struct decoder;
/* NULL with errno: EINVAL where iconv does not know the encoding. */
struct decoder *decoder_new(const char *encoding);
void decoder_free(struct decoder *decoder);
/* Where to read bytes to, and how many at most; only once there is no more to take. */
char *decoder_room(struct decoder *decoder, size_t *size);
/* `size` bytes were read to there; 0 is the end. */
void decoder_add(struct decoder *decoder, size_t size);
/* Converts what was added, as long as there is room (a few bytes at least), and answers how many
 * bytes of text that made. A character that is not all there yet waits for the rest. */
size_t decoder_take(struct decoder *decoder, char *text, size_t room);
/* Whether there is more to take, which had no room. */
bool decoder_has_more(const struct decoder *decoder);
/* Whether all was taken, up to the end. */
bool decoder_is_over(const struct decoder *decoder);

/* ------------------------------------------------- a call that waits, wake.c -- */

/* Waits until `file` is ready for `events` (as in poll) or somebody calls wake_up, which may also
 * have happened before. Answers the events that came, 0 after a wake-up, or -1 with errno. */
int wake_wait(int wake, int file, short events);
/* The descriptor for both, or -1 with errno. */
int wake_open(void);
void wake_up(int wake);

/* -------------------------------------------------- rows as text, format.c -- */

/* What becomes of a FLOAT that JSON can't hold: NaN and the infinities. */
enum non_finite { NON_FINITE_REJECT, NON_FINITE_NULL, NON_FINITE_TEXT };

/* The default, the choices and the help of the param "non_finite", and what an arg of it says. */
#define NON_FINITE_DEFAULT "\"reject\""
#define NON_FINITE_CHOICES "[\"reject\", \"null\", \"text\"]"
#define NON_FINITE_HELP                                                                        \
    "What becomes of a FLOAT that JSON can't hold (NaN, Infinity, -Infinity): \"reject\" the " \
    "row, write \"null\", or write its name as \"text\"."
enum non_finite non_finite_of(const pipes_value *arg);

/* A text that grows. After a problem it takes no more until somebody resets `problem`. */
struct text {
    char *bytes;
    size_t used, capacity;
    enum non_finite non_finite;
    uint64_t input;      /* of a joined row, from 1; 0 for another row */
    const char *problem; /* why a value could not be written, or NULL */
    pipes_status status; /* the status that goes with the problem */
    char message[1024];  /* a problem that is put together */
};

/* Always false. */
bool text_fail(struct text *text, pipes_status status, const char *problem);
void text_put_literal(struct text *text, const char *literal);
void text_put_base64(struct text *text, const uint8_t *bytes, uint64_t size);
/* A number of a TENSOR, in the digits of a float or a double. */
void text_put_element(struct text *text, double real, bool is_single);
void text_put_tensor(struct text *text, const pipes_tensor *tensor); /* tensor.c */
void text_put(struct text *text, const char *bytes, size_t size);
/* A value as io.print shows it: a STRING as it is, BYTES as base64, all others as JSON, in which
 * BYTES are {"$bytes": "base64"} and a TENSOR is {"$tensor": {...}}. */
void text_put_value(struct text *text, const pipes_value *value);

/* ------------------------------------------- rows into a descriptor, sink.c -- */

struct sink {
    const pipes_host *host;
    pipes_node *node;
    const char *name; /* for messages */
    int file;
    int wake;
    bool may_wait;         /* a pipe, a terminal or a socket: write could block for ever */
    bool end_when_closed;  /* a reader that went away is an end and not a failure */
    pthread_mutex_t *turn; /* taken for each write where several nodes share the file, or NULL */
    struct text text;
};

/* Expects host, node, name, end_when_closed and turn; the file stays the caller's. */
pipes_status sink_open(struct sink *sink, int file);
/* Writes every row, each in a line of its own, and keeps nothing back. */
pipes_status sink_rows(struct sink *sink, pipes_call *call, const pipes_batch *batch);
void sink_close(struct sink *sink);

/* ---------------------------------------------------------- the processors -- */

pipes_status lines_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state);
pipes_status lines_produce(void *state, pipes_call *call);
void lines_interrupt(void *state);
void lines_close(void *state);

pipes_status print_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state);
pipes_status print_process(void *state, pipes_call *call, const pipes_batch *batch);
void print_interrupt(void *state);
void print_close(void *state);

pipes_status write_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state);
pipes_status write_process(void *state, pipes_call *call, const pipes_batch *batch);
pipes_status write_flush(void *state, pipes_call *call);
void write_interrupt(void *state);
void write_close(void *state);

#pragma GCC visibility pop
#endif
