/* flow.delay: a row waits as an entry of the clock and holds no thread. */
#define _POSIX_C_SOURCE 200809L
#include "flow.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

struct waiting {
    struct timer timer; /* first, so that a timer's address is its entry's */
    struct delay *delay;
    pipes_value value; /* a deferred call's inputs live until it is completed */
    struct waiting *next_idle, *next;
};

struct delay {
    struct clock clock;
    uint64_t time, jitter;
    uint64_t seed;
    atomic_uint_fast64_t rows; /* drawn so far: the n-th row has the n-th jitter of the seed */
    pthread_mutex_t lock;      /* guards the lists */
    struct waiting *idle;      /* to be used again */
    struct waiting *all;       /* freed at the end: a late cancel may still look at an entry */
};

static struct waiting *take_idle(struct delay *delay) {
    pthread_mutex_lock(&delay->lock);
    struct waiting *waiting = delay->idle;
    if (waiting) {
        delay->idle = waiting->next_idle;
    } else if ((waiting = calloc(1, sizeof *waiting))) {
        waiting->delay = delay;
        waiting->next = delay->all;
        delay->all = waiting;
    }
    pthread_mutex_unlock(&delay->lock);
    return waiting;
}

static void give_back(struct waiting *waiting) {
    struct delay *delay = waiting->delay;
    pthread_mutex_lock(&delay->lock);
    waiting->next_idle = delay->idle;
    delay->idle = waiting;
    pthread_mutex_unlock(&delay->lock);
}

/* The state may be gone after complete, so that is the last thing. */
static void ring(struct timer *timer, pipes_status outcome) {
    struct waiting *waiting = (struct waiting *)timer;
    const pipes_host *host = waiting->delay->clock.host;
    pipes_ticket ticket = timer->ticket;
    pipes_value value = waiting->value;
    give_back(waiting);
    host->complete(host, ticket, outcome, outcome == PIPES_OK ? &value : NULL);
}

pipes_status delay_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state) {
    (void)count;
    struct delay *delay = calloc(1, sizeof *delay);
    if (!delay) return flow_refuse(host, node, "no memory");
    delay->seed = (uint64_t)args[2].integer;
    if (!flow_duration(host, node, "time", &args[0], &delay->time) ||
        !flow_duration(host, node, "jitter", &args[1], &delay->jitter)) {
        free(delay);
        return PIPES_FATAL;
    }
    if (args[2].integer < 0 &&
        getrandom(&delay->seed, sizeof delay->seed, 0) != sizeof delay->seed) {
        delay->seed = (uint64_t)(uintptr_t)delay; /* good enough for a jitter */
    }
    if (!clock_open(&delay->clock, host, node)) {
        free(delay);
        return flow_refuse(host, node, "no thread to wait in");
    }
    atomic_init(&delay->rows, 0);
    pthread_mutex_init(&delay->lock, NULL);
    *state = delay;
    return PIPES_OK;
}

static uint64_t next_wait(struct delay *delay) {
    if (!delay->jitter) return delay->time;
    uint64_t row = atomic_fetch_add_explicit(&delay->rows, 1, memory_order_relaxed);
    return delay->time + flow_mix(flow_mix(delay->seed) + row) % (delay->jitter + 1);
}

pipes_status delay_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    struct delay *delay = state;
    uint64_t wait = next_wait(delay);
    if (!wait) {
        *result = *row;
        return PIPES_OK;
    }
    struct waiting *waiting = take_idle(delay);
    if (!waiting) return PIPES_RETRY;
    waiting->timer.ring = ring;
    waiting->value = *row;
    pipes_ticket ticket = call->host->defer(call, &waiting->timer);
    clock_await(&delay->clock, &waiting->timer, ticket, clock_now(&delay->clock) + wait);
    return PIPES_DEFERRED;
}

void delay_cancel(void *state, pipes_ticket ticket, void *context) {
    (void)state;
    clock_cancel(context, ticket);
}

void delay_close(void *state) {
    struct delay *delay = state;
    for (struct waiting *waiting = delay->all; waiting;) {
        struct waiting *next = waiting->next;
        free(waiting);
        waiting = next;
    }
    pthread_mutex_destroy(&delay->lock);
    clock_close(&delay->clock);
    free(delay);
}
