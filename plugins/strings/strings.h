/* What the files of this plugin share. */
#ifndef STRINGS_H
#define STRINGS_H

#include <pipes/pipes.h>

/* Of all that is in this library only pipes_plugin_v1 is for others to see. */
#pragma GCC visibility push(hidden)

/* Explains why open failed, and answers PIPES_FATAL. */
pipes_status strings_refuse(const pipes_host *host, pipes_node *node, const char *text);

/* What a map of one text answers to any other value: NULL passes (it can stand for a partner that
 * is missing), the rest is rejected. */
pipes_status strings_not_text(pipes_call *call, const pipes_value *row, pipes_value *result);

/* A text of a param that a node keeps. Borrowed until close, as args are. */
struct separator {
    const char *text;
    size_t size;
};

/* Whether a regular expression means something else to the C library than in the dialect it is
 * written in; `flaw` then says what, and what to write. */
struct dialect_flaw {
    char text[192];
};
bool dialect_is_other(const char *pattern, struct dialect_flaw *flaw);

pipes_status random_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                         size_t count, void **state);
pipes_status random_produce(void *state, pipes_call *call);

pipes_status reverse_map(void *state, pipes_call *call, const pipes_value *row,
                         pipes_value *result);
pipes_status upper_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result);
pipes_status lower_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result);

pipes_status split_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state);
pipes_status split_process(void *state, pipes_call *call, const pipes_batch *batch);

pipes_status concat_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                         size_t count, void **state);
pipes_status concat_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result);

pipes_status match_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state);
pipes_status match_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result);
void match_close(void *state);

pipes_status text_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result);

#pragma GCC visibility pop
#endif
