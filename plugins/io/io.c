/* io: rows from and to files, pipes and terminals.
 *
 *   lines.c   io.lines   a source; decode.c its encodings
 *   print.c   io.print   a sink on standard output
 *   write.c   io.write   a sink into a file that appears when it is whole
 *   sink.c    what the two sinks share; wake.c how a wait is ended
 *   format.c  the form of a row; tensor.c that of a TENSOR
 */
#define _POSIX_C_SOURCE 200809L
#include "io.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pipes_status io_fail(const pipes_host *host, pipes_node *node, pipes_call *call, const char *format,
                     ...) {
    char text[4096 + 512]; /* a path and a sentence */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    host->explain(node, call, text, strlen(text));
    return PIPES_FATAL;
}

void io_warn(const pipes_host *host, pipes_node *node, const char *format, ...) {
    char text[4096 + 512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    host->log(node, PIPES_WARNING, text, strlen(text));
}

char *io_path(const pipes_host *host, pipes_node *node, const pipes_value *text) {
    if (text->size && memchr(text->text, 0, text->size)) {
        io_fail(host, node, NULL, "a path can't contain a NUL");
        return NULL;
    }
    char *path = strndup(text->text, text->size);
    if (!path) io_fail(host, node, NULL, "no memory");
    return path;
}

char *io_quoted(const char *path) {
    size_t size = strlen(path) + sizeof "\"\"";
    char *quoted = malloc(size);
    if (quoted) snprintf(quoted, size, "\"%s\"", path);
    return quoted;
}

static const pipes_port line[] = {PIPES_PORT(PIPES_STRING, "line", "without its LF or CRLF")};

static const pipes_param lines_params[] = {
    PIPES_PARAM(PIPES_STRING, "path", "\"-\"", "The file to read; \"-\" is standard input."),
    PIPES_PARAM(PIPES_STRING, "encoding", "\"utf-8\"",
                "The encoding of the text: any that iconv knows, such as iso-8859-1 or utf-16."),
};

#define NON_FINITE                                                                              \
    {sizeof(pipes_param), PIPES_STRING, "non_finite", NON_FINITE_HELP, NON_FINITE_DEFAULT,      \
     NON_FINITE_CHOICES, 0, 0}

static const pipes_param print_params[] = {NON_FINITE};

static const pipes_param write_params[] = {
    PIPES_PARAM(PIPES_STRING, "path", NULL, "The file to write."),
    PIPES_PARAM(
        PIPES_BOOL, "append", "false",
        "Add to the file as rows come, instead of replacing it when the run has ended by itself."),
    NON_FINITE,
};

static const pipes_processor processors[] = {
    {.struct_size = sizeof(pipes_processor),
     .name = "lines",
     .summary = "Reads a file line by line. What is not valid in its encoding becomes U+FFFD: a "
                "warning says so, and \"repaired\" counts the lines. A byte order mark at the "
                "beginning is left out.",
     .params = lines_params,
     .param_count = 2,
     .output_count = 1,
     .outputs = line,
     .open = lines_open,
     .produce = lines_produce,
     .interrupt = lines_interrupt,
     .close = lines_close},
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_SINK,
     .name = "print",
     .summary =
         "Prints a line for each row: a STRING as it is, BYTES as base64, other values as JSON, "
         "the values of a joined row separated by tabs. In JSON, BYTES are {\"$bytes\": "
         "\"base64\"} and a TENSOR is {\"$tensor\": {...}}. A FLOAT that JSON can't hold rejects "
         "the row.",
     .params = print_params,
     .param_count = 1,
     .rate = PIPES_RATE_KEEPS,
     .open = print_open,
     .process = print_process,
     .interrupt = print_interrupt,
     .close = print_close},
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_SINK,
     .name = "write",
     .summary = "Writes a line for each row into a file, in the form of io.print. The file is "
                "replaced as a "
                "whole when the run has ended by itself.",
     .params = write_params,
     .param_count = 3,
     .rate = PIPES_RATE_KEEPS,
     .open = write_open,
     .process = write_process,
     .flush = write_flush,
     .interrupt = write_interrupt,
     .close = write_close},
};
PIPES_PLUGIN("io", "1.0.0", "Rows from and to files, pipes and terminals.", processors)
