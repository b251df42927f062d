/* A sound plugin but for its calls: each processor does one thing that it may not. */
#define _POSIX_C_SOURCE 200809L
#include <pipes/pipes.h>
#include <stddef.h>
#include <time.h>

static void rest(long milliseconds) {
    struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

#define MAP(name)                                                                                  \
    static pipes_status name(void *state, pipes_call *call, const pipes_value *row,                \
                             pipes_value *result)
#define PROCESS(name) static pipes_status name(void *state, pipes_call *call, const pipes_batch *in)

/* Said that it never blocks. */
MAP(sleeps) {
    (void)state, (void)call;
    rest(row->integer == 0 ? 1500 : 0);
    *result = *row;
    return PIPES_OK;
}

MAP(completes_twice) {
    (void)state, (void)result;
    pipes_ticket ticket = call->host->defer(call, NULL);
    const pipes_host *host = call->host;
    host->complete(host, ticket, PIPES_OK, row);
    host->complete(host, ticket, PIPES_REJECT, NULL);
    return PIPES_DEFERRED;
}

MAP(invents_tickets) {
    (void)state;
    call->host->complete(call->host, (pipes_ticket){1234567890123}, PIPES_OK, row);
    *result = *row;
    return PIPES_OK;
}

MAP(answers_nonsense) {
    (void)state, (void)call;
    *result = *row;
    return row->integer == 3 ? 77 : PIPES_OK;
}

MAP(emits_from_map) {
    (void)state;
    *result = *row;
    if (row->integer == 3) call->host->emit(call, 0, 0, row);
    return PIPES_OK;
}

MAP(leaks_its_ticket) {
    (void)state, (void)row, (void)result;
    call->host->defer(call, NULL);
    return PIPES_DEFERRED;
}

/* Takes a ticket, and then answers as if it had not. */
MAP(forgets_its_ticket) {
    (void)state;
    *result = *row;
    if (row->integer == 3) call->host->defer(call, NULL);
    return PIPES_OK;
}

MAP(defers_unasked) {
    (void)state, (void)row, (void)result;
    pipes_ticket ticket = call->host->defer(call, NULL);
    call->host->complete(call->host, ticket, PIPES_OK, NULL);
    return PIPES_DEFERRED;
}

MAP(yields_nonsense) {
    (void)state, (void)call;
    *result = *row;
    if (row->integer == 3) result->kind = 99;
    return PIPES_OK;
}

MAP(yields_the_moon) {
    (void)state, (void)call;
    *result = *row;
    if (row->integer == 3) *result = (pipes_value){.kind = PIPES_STRING, .text = "", .size = UINT64_MAX};
    return PIPES_OK;
}

MAP(chooses_no_output) {
    (void)state;
    *result = *row;
    call->port = row->integer == 3 ? 9 : 0;
    return PIPES_OK;
}

PROCESS(emits_twice) {
    (void)state;
    for (uint64_t row = 0; row < in->count; row++) {
        call->host->emit(call, 0, row, &in->columns[0][row]);
        call->host->emit(call, 0, row, &in->columns[0][row]);
    }
    return PIPES_OK;
}

PROCESS(emits_for_strangers) {
    (void)state;
    call->host->emit(call, 0, in->count + 7, &in->columns[0][0]);
    return PIPES_OK;
}

PROCESS(settles_strangers) {
    (void)state;
    for (uint64_t row = 0; row < in->count; row++)
        call->host->emit(call, 0, row, &in->columns[0][row]);
    call->host->settle(call, in->count + 7, PIPES_REJECT, "", 0);
    return PIPES_OK;
}

PROCESS(processes_last) {
    (void)state, (void)call, (void)in;
    return PIPES_LAST;
}

static const pipes_port number[] = {PIPES_PORT(PIPES_INT, "number", "any number")};

#define PROCESSOR(name_, flags_, ...)                                                              \
    {.struct_size = sizeof(pipes_processor), .flags = flags_, .name = #name_, .summary = "",       \
     .input_count = 1, .inputs = number, .output_count = 1, .outputs = number, __VA_ARGS__}

static const pipes_processor processors[] = {
    PROCESSOR(sleeps, PIPES_NONBLOCKING, .map = sleeps),
    PROCESSOR(completes_twice, PIPES_DEFERS, .map = completes_twice),
    PROCESSOR(invents_tickets, PIPES_DEFERS, .map = invents_tickets),
    PROCESSOR(answers_nonsense, 0, .map = answers_nonsense),
    PROCESSOR(emits_from_map, 0, .map = emits_from_map),
    PROCESSOR(leaks_its_ticket, PIPES_DEFERS, .map = leaks_its_ticket),
    PROCESSOR(forgets_its_ticket, PIPES_DEFERS, .map = forgets_its_ticket),
    PROCESSOR(defers_unasked, 0, .map = defers_unasked),
    PROCESSOR(yields_nonsense, 0, .map = yields_nonsense),
    PROCESSOR(yields_the_moon, 0, .map = yields_the_moon),
    PROCESSOR(chooses_no_output, 0, .map = chooses_no_output),
    PROCESSOR(emits_twice, 0, .rate = PIPES_RATE_KEEPS, .process = emits_twice),
    PROCESSOR(emits_for_strangers, 0, .process = emits_for_strangers),
    PROCESSOR(settles_strangers, 0, .process = settles_strangers),
    PROCESSOR(processes_last, 0, .process = processes_last),
};
PIPES_PLUGIN("liar", "1.0.0", "Breaks its word.", processors)
