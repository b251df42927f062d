/* A plugin that does something when it is loaded: -DCRASHES, -DHANGS, -DEXITS, -DEXITS_WELL, -DPRINTS
 * or -DFORKS; or later: -DHANGS_IN_MAP, -DFORKS_IN_MAP or -DCRASHES_AT_END. One that hangs says first
 * who it is, in the file $PIPES_TEST_PID. */
#include <pipes/pipes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if defined HANGS || defined HANGS_IN_MAP
static void hang(void) {
    const char *name = getenv("PIPES_TEST_PID");
    FILE *file = name ? fopen(name, "w") : NULL;
    if (file) {
        fprintf(file, "%d\n", (int)getpid());
        fclose(file);
    }
    for (;;) pause();
}
#endif

#if defined FORKS || defined FORKS_IN_MAP
static void fork_helper(void) {
    if (fork() == 0) {
        sleep(600);
        _exit(0);
    }
}
#endif

__attribute__((constructor)) static void at_load(void) {
#if defined CRASHES
    raise(SIGSEGV);
#elif defined HANGS
    hang();
#elif defined EXITS
    exit(3);
#elif defined EXITS_WELL
    _exit(0);
#elif defined PRINTS
    puts("{\"this is\": \"no report\"}");
    fflush(stdout);
#elif defined FORKS
    fork_helper();
#endif
}

#if defined CRASHES_AT_END
__attribute__((destructor)) static void at_end(void) { raise(SIGSEGV); }
#endif

static pipes_status same(void *state, pipes_call *call, const pipes_value *row,
                         pipes_value *result) {
    (void)state;
    (void)call;
#if defined HANGS_IN_MAP
    hang();
#elif defined FORKS_IN_MAP
    fork_helper();
#endif
    *result = *row;
    return PIPES_OK;
}

static const pipes_processor processors[] = {
    {.struct_size = sizeof(pipes_processor), .name = "same", .map = same},
};

PIPES_PLUGIN(NAME, "1.0.0", "Does something when it is loaded.", processors)
