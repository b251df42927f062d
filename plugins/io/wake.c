/* A wait that another thread can end: poll on the file and on an eventfd. */
#define _POSIX_C_SOURCE 200809L
#include "io.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int wake_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void wake_up(int wake) {
    uint64_t one = 1;
    /* It fails only where the counter is full, and then the other side is awake already. */
    ssize_t written = write(wake, &one, sizeof one);
    (void)written;
}

int wake_wait(int wake, int file, short events) {
    struct pollfd both[] = {{.fd = file, .events = events}, {.fd = wake, .events = POLLIN}};
    while (poll(both, 2, -1) < 0) {
        if (errno != EINTR) return -1;
    }
    if (both[1].revents & POLLNVAL) { /* a library has closed what it did not open */
        errno = EBADF;
        return -1;
    }
    if (both[1].revents) {
        uint64_t count;
        ssize_t taken = read(wake, &count, sizeof count);
        (void)taken; /* the count does not matter, only that it starts again from zero */
        return 0;
    }
    return both[0].revents;
}
