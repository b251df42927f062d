/* flow.tick: each call is deferred until its tick is due. */
#include "flow.h"

#include <stdlib.h>

struct tick {
    struct timer timer; /* first, so that a timer's address is its tick's */
    struct clock clock;
    uint64_t interval;
    uint64_t due;  /* the next tick; 0 before the first call */
    int64_t next;  /* its number */
    int64_t count; /* -1 for no end */
};

/* The state may be gone after complete, so that is the last thing. */
static void ring(struct timer *timer, pipes_status outcome) {
    struct tick *tick = (struct tick *)timer;
    const pipes_host *host = tick->clock.host;
    pipes_ticket ticket = timer->ticket;
    if (host->stopping(tick->clock.node)) outcome = PIPES_END;
    if (outcome == PIPES_OK) {
        pipes_call *call = host->resume(host, ticket);
        outcome = call ? pipes_emit(call, PIPES_NO_ROW, pipes_int(tick->next)) : PIPES_CANCELLED;
    }
    if (outcome == PIPES_OK && ++tick->next == tick->count) outcome = PIPES_END;
    host->complete(host, ticket, outcome, NULL);
}

pipes_status tick_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                       size_t count, void **state) {
    (void)count;
    struct tick settings = {
        .timer.ring = ring, .count = args[1].integer};
    if (!flow_duration(host, node, "interval", &args[0], &settings.interval)) return PIPES_FATAL;
    if (!settings.interval)
        return flow_refuse(host, node, "interval is 0: there would be no end of ticks");
    struct tick *tick = malloc(sizeof *tick);
    if (!tick) return flow_refuse(host, node, "no memory");
    *tick = settings;
    if (!clock_open(&tick->clock, host, node)) {
        free(tick);
        return flow_refuse(host, node, "no thread to wait in");
    }
    *state = tick;
    return PIPES_OK;
}

static bool is_stopping(const struct tick *tick) {
    return tick->clock.host->stopping(tick->clock.node);
}

pipes_status tick_produce(void *state, pipes_call *call) {
    struct tick *tick = state;
    if (tick->next == tick->count) return PIPES_END;
    uint64_t now = clock_now(&tick->clock);
    tick->due = (tick->due ? tick->due : now) + tick->interval;
    if (tick->due < now) tick->due = now; /* late ticks don't come all at once */
    pipes_ticket ticket = call->host->defer(call, &tick->timer);
    clock_await(&tick->clock, &tick->timer, ticket, tick->due);
    /* A drain that came before there was anything to cut short. */
    if (is_stopping(tick)) clock_cut_short(&tick->timer);
    return PIPES_DEFERRED;
}

void tick_cancel(void *state, pipes_ticket ticket, void *context) {
    (void)state;
    clock_cancel(context, ticket);
}

/* A drain ends the source, and need not wait for a tick that is an hour away. */
void tick_interrupt(void *state) {
    struct tick *tick = state;
    if (is_stopping(tick)) clock_cut_short(&tick->timer);
}

void tick_close(void *state) {
    struct tick *tick = state;
    clock_close(&tick->clock);
    free(tick);
}
