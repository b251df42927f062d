#include "cguard_process.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
enum { stop_count = sizeof stops / sizeof *stops };

/* Those of `stops` that are waited for. Set before there is another thread. */
static sigset_t awaited;

/* In a thread that a library lets signals through in: has it blocked there from now on, and sends it
 * to where it is waited for. */
static void redirect(int signal, siginfo_t *info, void *context) {
    (void)info;
    sigaddset(&((ucontext_t *)context)->uc_sigmask, signal);
    kill(getpid(), signal);
}

static bool is_ignored(int signal) {
    struct sigaction action;
    return sigaction(signal, NULL, &action) == 0 && !(action.sa_flags & SA_SIGINFO) &&
           action.sa_handler == SIG_IGN;
}

static void take(int signal) {
    struct sigaction action = {.sa_sigaction = redirect, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

/* The Swift runtime makes a report of a crash of it, and a shell has it ignored in what it starts in
 * the background, as it has SIGINT. */
static void heed_quit(void) {
    signal(SIGQUIT, SIG_DFL);
    sigset_t quit;
    sigemptyset(&quit);
    sigaddset(&quit, SIGQUIT);
    sigprocmask(SIG_UNBLOCK, &quit, NULL);
}

void cguard_hold_signals(void) {
    sigemptyset(&awaited);
    for (size_t i = 0; i < stop_count; i++) {
        /* As nohup has it. */
        if (stops[i] == SIGHUP && is_ignored(SIGHUP)) continue;
        sigaddset(&awaited, stops[i]);
        take(stops[i]);
    }
    sigset_t blocked = awaited;
    sigaddset(&blocked, SIGPIPE);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    heed_quit();
}

int cguard_next_signal(void) {
    for (;;) {
        int signal = sigwaitinfo(&awaited, NULL);
        if (signal > 0) return signal;
    }
}

void cguard_end_by(int number) {
    signal(number, SIG_DFL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    kill(getpid(), number);
    for (;;) pause();
}
