#include "cguard_process.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/resource.h>

enum { small_stack = 1 << 20 };

static bool is_low(int resource) {
    struct rlimit limit;
    return getrlimit(resource, &limit) == 0 && limit.rlim_cur < (rlim_t)1 << 30;
}

void cguard_save_memory(void) {
    if (!is_low(RLIMIT_DATA) && !is_low(RLIMIT_AS)) return;
    /* Of 64 MiB of addresses each, otherwise one for each thread. */
    mallopt(M_ARENA_MAX, 1);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, small_stack);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}
