/* What the files of this plugin share. */
#ifndef FLOW_H
#define FLOW_H

#include <pipes/pipes.h>

/* Of all that is in this library only pipes_plugin_v1 is for others to see. */
#pragma GCC visibility push(hidden)

/* Explains why open failed, and answers PIPES_FATAL. */
pipes_status flow_refuse(const pipes_host *host, pipes_node *node, const char *text);

/* Reads a duration such as "250us", "10ms", "1.5s", "2m" or "1h" into nanoseconds. Explains and
 * answers false where the param `name` holds none. */
bool flow_duration(const pipes_host *host, pipes_node *node, const char *name,
                   const pipes_value *text, uint64_t *nanoseconds);

/* SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): well mixed
 * bits for each n. */
uint64_t flow_mix(uint64_t n);

/* ------------------------------------------------------------------- clock.c --
 * Nodes wait by the clock of their run, with the host's timers; on a host that has none, in one
 * thread for all nodes of this plugin, which runs while a node is open. */

/* A deferred call that waits. Must stay where it is until the node is closed: a cancel may come for
 * a call that has just ended, and is told apart by its ticket. */
struct timer {
    uint64_t due;    /* on clock_now's scale */
    uint64_t number; /* among the host's timers; 0 while it isn't waiting there */
    size_t place;    /* in the heap of the own thread, from 1; 0 while it isn't waiting there */
    pipes_ticket ticket;
    const struct clock *clock;
    /* Completes the ticket, on a thread of the clock when it is due (PIPES_OK) and otherwise on any
     * (PIPES_CANCELLED; PIPES_RETRY without memory). The node may be gone once it is completed. */
    void (*ring)(struct timer *timer, pipes_status outcome);
};

/* A node's way to its clock. */
struct clock {
    const pipes_host *host;
    pipes_node *node;
    const pipes_timers *timers; /* NULL where the host has none */
};

/* For each node, in its open and close; false when the system has no thread to give. */
bool clock_open(struct clock *clock, const pipes_host *host, pipes_node *node);
void clock_close(const struct clock *clock);
uint64_t clock_now(const struct clock *clock);
/* Rings the timer when `due` has come, or at once where the ticket is cancelled already. */
void clock_await(const struct clock *clock, struct timer *timer, pipes_ticket ticket, uint64_t due);
/* Rings it now if it still waits for this ticket. */
void clock_cancel(struct timer *timer, pipes_ticket ticket);
/* Has the clock ring it now if it waits at all. Calls nobody, so that an interrupt may. */
void clock_cut_short(struct timer *timer);

/* ---------------------------------------------------------- the processors -- */

pipes_status range_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state);
pipes_status range_produce(void *state, pipes_call *call);

pipes_status tick_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                       size_t count, void **state);
pipes_status tick_produce(void *state, pipes_call *call);
void tick_cancel(void *state, pipes_ticket ticket, void *context);
void tick_interrupt(void *state);
void tick_close(void *state);

pipes_status count_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state);
pipes_status count_process(void *state, pipes_call *call, const pipes_batch *batch);
pipes_status count_flush(void *state, pipes_call *call);

pipes_status head_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                       size_t count, void **state);
pipes_status head_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result);

pipes_status batch_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state);
pipes_status batch_process(void *state, pipes_call *call, const pipes_batch *batch);
pipes_status batch_flush(void *state, pipes_call *call);
void batch_close(void *state);

pipes_status delay_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state);
pipes_status delay_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result);
void delay_cancel(void *state, pipes_ticket ticket, void *context);
void delay_close(void *state);

pipes_status fault_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state);
pipes_status fault_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result);

#pragma GCC visibility pop
#endif
