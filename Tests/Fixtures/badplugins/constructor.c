/* A plugin that does something when it is loaded: -DCRASHES, -DHANGS, -DEXITS, -DEXITS_WELL or
 * -DPRINTS. */
#include <pipes/pipes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void at_load(void) {
#if defined CRASHES
    raise(SIGSEGV);
#elif defined HANGS
    for (;;) pause();
#elif defined EXITS
    exit(3);
#elif defined EXITS_WELL
    _exit(0);
#elif defined PRINTS
    puts("{\"this is\": \"no report\"}");
    fflush(stdout);
#endif
}

static pipes_status same(void *state, pipes_call *call, const pipes_value *row,
                         pipes_value *result) {
    (void)state;
    (void)call;
    *result = *row;
    return PIPES_OK;
}

static const pipes_processor processors[] = {
    {.struct_size = sizeof(pipes_processor), .name = "same", .map = same},
};

PIPES_PLUGIN(NAME, "1.0.0", "Does something when it is loaded.", processors)
