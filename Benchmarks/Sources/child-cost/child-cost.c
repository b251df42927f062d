/* child-cost COMMAND ARG...: runs a command with its standard output thrown away, and prints the
 * nanoseconds it took and the most memory it had in use, in bytes.
 *
 * A program of its own, since Linux counts the memory of whoever starts a child as the child's
 * (getrusage(2), ru_maxrss: the mark is taken over in exec): this one is small. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **arguments) {
    if (count < 2) {
        fputs("usage: child-cost COMMAND ARG...\n", stderr);
        return 64;
    }
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t child = fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        if (nowhere >= 0) dup2(nowhere, STDOUT_FILENO);
        execv(arguments[1], arguments + 1);
        _exit(127);
    }
    int status;
    struct rusage usage;
    pid_t ended;
    do {
        ended = child < 0 ? -1 : wait4(child, &status, 0, &usage);
    } while (ended < 0 && child > 0 && errno == EINTR);
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (ended < 0) {
        fprintf(stderr, "child-cost: %s\n", strerror(errno));
        return 1;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "child-cost: %s did not end with 0\n", arguments[1]);
        return 1;
    }
    long long nanoseconds =
        (end.tv_sec - start.tv_sec) * 1000000000LL + (end.tv_nsec - start.tv_nsec);
    printf("%lld %lld\n", nanoseconds, usage.ru_maxrss * 1024LL);
    return 0;
}
