#include "cguard_process.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/resource.h>

enum { small_stack = 1 << 20, large_block = 4 << 20 };

static bool is_low(int resource) {
    struct rlimit limit;
    return getrlimit(resource, &limit) == 0 && limit.rlim_cur < (rlim_t)1 << 30;
}

void cguard_save_memory(void) {
    /* Large blocks go back to the system at once. Without this the C library keeps blocks of up to
     * 32 MiB for each thread once one was freed, and the limits of edges say little of what a run
     * takes. The second is what it would come to by itself. */
    mallopt(M_MMAP_THRESHOLD, large_block);
    mallopt(M_TRIM_THRESHOLD, 2 * large_block);
    if (!is_low(RLIMIT_DATA) && !is_low(RLIMIT_AS)) return;
    /* Of 64 MiB of addresses each, otherwise one for each thread. */
    mallopt(M_ARENA_MAX, 1);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, small_stack);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}
