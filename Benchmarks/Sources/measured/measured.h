/* measured: the processors whose graphs are measured. They do next to nothing, so that what is
 * left is the host. One file for each shape; measured.c describes them. */
#ifndef MEASURED_H
#define MEASURED_H

#include <pipes/pipes.h>

enum { TEXT_SIZE = 36, BUFFER_SIZE = 1 << 20 };

/* Nanoseconds of the monotonic clock. */
uint64_t measured_now(void);
/* `rounds` steps of SplitMix64, each of which needs the one before: about a nanosecond each. */
uint64_t measured_rounds(uint64_t seed, uint64_t rounds);

/* A source's state: rows still to come, from args[0]. */
pipes_status source_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                         size_t count, void **state);
pipes_status ints_produce(void *state, pipes_call *call);
pipes_status texts_produce(void *state, pipes_call *call);
pipes_status buffers_produce(void *state, pipes_call *call);

pipes_status paced_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state);
/* Rows that hold the time they were made at: waiting in a loop, or asleep. */
pipes_status paced_produce(void *state, pipes_call *call);
pipes_status paced_sleeping_produce(void *state, pipes_call *call);

pipes_status add_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result);
pipes_status pass_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result);
pipes_status copy_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result);
pipes_status reverse_text_map(void *state, pipes_call *call, const pipes_value *row,
                              pipes_value *result);
pipes_status upper_text_map(void *state, pipes_call *call, const pipes_value *row,
                            pipes_value *result);
/* A joined row of two texts: both, and the same backwards. */
pipes_status append_reverse_map(void *state, pipes_call *call, const pipes_value *row,
                                pipes_value *result);
pipes_status rounds_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                         size_t count, void **state);
pipes_status busy_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result);

/* Sinks tell what they saw in counters of their node, when they are flushed. */
pipes_status sink_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                       size_t count, void **state);
pipes_status sum_process(void *state, pipes_call *call, const pipes_batch *batch);
pipes_status slow_sum_process(void *state, pipes_call *call, const pipes_batch *batch);
pipes_status sum_flush(void *state, pipes_call *call);
pipes_status same_buffer_process(void *state, pipes_call *call, const pipes_batch *batch);
pipes_status latency_process(void *state, pipes_call *call, const pipes_batch *batch);
pipes_status latency_flush(void *state, pipes_call *call);
void latency_close(void *state);

#endif
