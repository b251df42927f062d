#include "cguard_process.h"

#include <dlfcn.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* libFoundation calls this function of libdispatch once more when it is loaded. Where that happens
 * late, in a thread that is not the main one, the main queue would belong to that thread, which
 * never serves it: whatever waits for the main queue or the main actor waits for ever. So only the
 * first call, the one of libdispatch itself, gets through. A library asks the program first for
 * what it does not define, so it finds this one; weak, since libdispatch may be in the program. */
__attribute__((weak)) void libdispatch_init(void);

static void find(const char *name, void *function, size_t size) {
    void *symbol = dlsym(RTLD_DEFAULT, name);
    memcpy(function, &symbol, size);
}

__attribute__((weak)) void libdispatch_init(void) {
    static atomic_bool is_initialized;
    if (atomic_exchange(&is_initialized, true)) return;
    void *symbol = dlsym(RTLD_NEXT, "libdispatch_init");
    void (*initialize)(void) = NULL;
    memcpy(&initialize, &symbol, sizeof initialize);
    if (initialize) initialize();
}

void cguard_serve_main_queue(void) {
    /* What CoreFoundation's run loop serves it with. */
    int (*handle)(void) = NULL;
    void (*serve)(void *) = NULL;
    find("_dispatch_get_main_queue_handle_4CF", &handle, sizeof handle);
    find("_dispatch_main_queue_callback_4CF", &serve, sizeof serve);
    struct pollfd news = {.fd = handle ? handle() : -1, .events = POLLIN};
    while (handle && serve) {
        if (poll(&news, 1, -1) < 0) continue;
        /* A library has closed what it did not open. */
        if (news.revents & (POLLNVAL | POLLERR)) break;
        uint64_t count;
        if (read(news.fd, &count, sizeof count) > 0) serve(NULL);
    }
    for (;;) pause();
}
