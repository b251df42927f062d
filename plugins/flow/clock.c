/* How nodes wait: with the timers of the host, or in a thread of this plugin. No lock is held while
 * a node is called. */
#define _POSIX_C_SOURCE 200809L
#include "flow.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

static struct {
    pthread_once_t once;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    uint64_t users;       /* open nodes */
    uintptr_t generation; /* of the thread; the one of an older generation ends */
    struct timer **heap;  /* the earliest first; children of place n are at 2n and 2n + 1 */
    size_t count, capacity;
} waits = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

/* As the own thread sees it. */
static uint64_t system_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ----------------------------------------------------------------- the heap -- */

static void put(struct timer *timer, size_t place) {
    waits.heap[place - 1] = timer;
    timer->place = place;
}

static void sift_up(struct timer *timer, size_t place) {
    for (; place > 1 && waits.heap[place / 2 - 1]->due > timer->due; place /= 2) {
        put(waits.heap[place / 2 - 1], place);
    }
    put(timer, place);
}

static void sift_down(struct timer *timer, size_t place) {
    for (size_t child; (child = place * 2) <= waits.count; place = child) {
        if (child < waits.count && waits.heap[child]->due < waits.heap[child - 1]->due) child++;
        if (waits.heap[child - 1]->due >= timer->due) break;
        put(waits.heap[child - 1], place);
    }
    put(timer, place);
}

static bool insert(struct timer *timer) {
    if (waits.count == waits.capacity) {
        size_t capacity = waits.capacity ? waits.capacity * 2 : 16;
        struct timer **heap = realloc(waits.heap, capacity * sizeof *heap);
        if (!heap) return false;
        waits.heap = heap;
        waits.capacity = capacity;
    }
    sift_up(timer, ++waits.count);
    return true;
}

static void take_out(struct timer *timer) {
    size_t place = timer->place;
    struct timer *last = waits.heap[--waits.count];
    timer->place = 0;
    if (last == timer) return;
    sift_up(last, place);
    sift_down(last, last->place);
}

/* --------------------------------------------------------------- the thread -- */

static void wait_until(uint64_t due) {
    struct timespec when = {.tv_sec = (time_t)(due / 1000000000u),
                            .tv_nsec = (long)(due % 1000000000u)};
    pthread_cond_timedwait(&waits.changed, &waits.lock, &when);
}

static void *ring_when_due(void *context) {
    uintptr_t generation = (uintptr_t)context;
    pthread_mutex_lock(&waits.lock);
    while (generation == waits.generation) {
        if (!waits.count) {
            pthread_cond_wait(&waits.changed, &waits.lock);
            continue;
        }
        struct timer *next = waits.heap[0];
        if (next->due > system_now()) {
            wait_until(next->due);
            continue;
        }
        take_out(next);
        pthread_mutex_unlock(&waits.lock);
        next->ring(next, PIPES_OK);
        pthread_mutex_lock(&waits.lock);
    }
    pthread_mutex_unlock(&waits.lock);
    return NULL;
}

/* Waits are measured on the clock that nobody sets. */
static void initialize(void) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&waits.changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* Signals are the host's: its threads handle them, this one never. */
static bool start_thread(void) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    /* Told its generation, since it may be outdated before the thread takes its first step. */
    int error = pthread_create(&waits.thread, NULL, ring_when_due, (void *)waits.generation);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !error;
}

static bool open_thread(void) {
    pthread_once(&waits.once, initialize);
    pthread_mutex_lock(&waits.lock);
    bool runs = waits.users || start_thread();
    if (runs) waits.users++;
    pthread_mutex_unlock(&waits.lock);
    return runs;
}

static void close_thread(void) {
    pthread_mutex_lock(&waits.lock);
    bool was_last = --waits.users == 0;
    pthread_t thread = waits.thread;
    if (was_last) {
        waits.generation++;
        pthread_cond_broadcast(&waits.changed);
        free(waits.heap); /* empty: a node is closed when its last ticket is completed */
        waits.heap = NULL;
        waits.capacity = 0;
    }
    pthread_mutex_unlock(&waits.lock);
    if (!was_last) return;
    if (pthread_equal(thread, pthread_self())) {
        pthread_detach(thread); /* the host closed the node while we completed its last ticket */
    } else {
        pthread_join(thread, NULL);
    }
}

/* -------------------------------------------------------- the host's timers -- */

/* The timer's number is set under the lock, so a ring that is faster than that waits for it. */
static void ring_from_host(void *context) {
    struct timer *timer = context;
    pthread_mutex_lock(&waits.lock);
    timer->number = 0;
    pthread_mutex_unlock(&waits.lock);
    timer->ring(timer, PIPES_OK);
}

static bool start_host_timer(struct timer *timer) {
    const struct clock *clock = timer->clock;
    timer->number =
        clock->timers->start(clock->node, timer->ticket, timer->due, ring_from_host, timer);
    return timer->number;
}

static bool stop_host_timer(struct timer *timer) {
    const struct clock *clock = timer->clock;
    if (!timer->number || !clock->timers->stop(clock->node, timer->number)) return false;
    timer->number = 0;
    return true;
}

/* ------------------------------------------------------------------- timers -- */

bool clock_open(struct clock *clock, const pipes_host *host, pipes_node *node) {
    const pipes_timers *timers = host->extension ? host->extension(host, "pipes.timer/1") : NULL;
    *clock = (struct clock){.host = host, .node = node, .timers = timers};
    return timers || open_thread();
}

void clock_close(const struct clock *clock) {
    if (!clock->timers) close_thread();
}

uint64_t clock_now(const struct clock *clock) {
    return clock->timers ? clock->timers->now(clock->node) : system_now();
}

void clock_await(const struct clock *clock, struct timer *timer, pipes_ticket ticket,
                 uint64_t due) {
    const pipes_host *host = clock->host; /* the node may be gone once its timer rings */
    pthread_mutex_lock(&waits.lock);
    timer->clock = clock;
    timer->ticket = ticket;
    timer->due = due;
    bool waiting = clock->timers ? start_host_timer(timer) : insert(timer);
    if (waiting && timer->place == 1) pthread_cond_broadcast(&waits.changed);
    pthread_mutex_unlock(&waits.lock);
    if (!waiting) {
        timer->ring(timer, PIPES_RETRY);
    } else if (host->cancelled(host, ticket)) {
        clock_cancel(timer, ticket); /* the host's cancel came before there was a ticket to find */
    }
}

void clock_cancel(struct timer *timer, pipes_ticket ticket) {
    pthread_mutex_lock(&waits.lock);
    bool waiting = timer->ticket.id == ticket.id && (timer->place || stop_host_timer(timer));
    if (timer->place && waiting) take_out(timer);
    pthread_mutex_unlock(&waits.lock);
    if (waiting) timer->ring(timer, PIPES_CANCELLED);
}

void clock_cut_short(struct timer *timer) {
    pthread_mutex_lock(&waits.lock);
    if (timer->place) {
        timer->due = 0;
        sift_up(timer, timer->place);
        pthread_cond_broadcast(&waits.changed);
    } else if (stop_host_timer(timer)) {
        timer->due = 0;
        start_host_timer(timer); /* where it fails, the host asks the call itself to stop */
    }
    pthread_mutex_unlock(&waits.lock);
}
