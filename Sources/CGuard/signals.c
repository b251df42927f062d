#include "mark.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
enum { stop_count = sizeof stops / sizeof *stops };

/* Those of `stops` that are waited for. Set before there is another thread. */
static sigset_t awaited;
static atomic_bool is_holding;

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

static bool is_taken(int number) {
    struct sigaction action;
    if (sigaction(number, NULL, &action)) return false;
    return !(action.sa_flags & SA_SIGINFO) || action.sa_sigaction != redirect;
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

/* What a library forks ends by these signals as any program does. */
static void give_back(void) {
    atomic_store(&is_holding, false);
    for (size_t i = 0; i < stop_count; i++) {
        if (sigismember(&awaited, stops[i]) && !is_taken(stops[i])) signal(stops[i], SIG_DFL);
    }
    sigset_t blocked = awaited;
    sigaddset(&blocked, SIGPIPE);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
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
    atomic_store(&is_holding, true);
    pthread_atfork(NULL, NULL, give_back);
    heed_quit();
}

int cguard_next_signal(void) {
    for (;;) {
        const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
        int signal = sigtimedwait(&awaited, NULL, &pause);
        if (signal > 0) return signal;
        /* Threads of a library's own come by no other way. */
        cguard_look_at_signals(NULL, NULL);
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

void cguard_look_at_signals(cguard_mark *mark, const char *library) {
    if (!atomic_load_explicit(&is_holding, memory_order_relaxed)) return;
    char names[64] = "";
    for (size_t i = 0; i < stop_count; i++) {
        if (!sigismember(&awaited, stops[i]) || !is_taken(stops[i])) continue;
        take(stops[i]);
        if (*names) strcat(names, ", ");
        strcat(strcat(names, "SIG"), sigabbrev_np(stops[i]));
    }
    if (!is_ignored(SIGPIPE)) {
        signal(SIGPIPE, SIG_IGN);
        if (*names) strcat(names, ", ");
        strcat(names, "SIGPIPE");
    }
    if (!*names) return;
    const char *outcome = "from the host, which took it back; a library must leave it alone";
    if (!mark) {
        dprintf(STDERR_FILENO, "warning: %s took %s %s\n", library ? library : "a library", names,
                outcome);
    } else if (!atomic_exchange(&mark->has_taken, 1)) {
        dprintf(STDERR_FILENO, "%s: warning: node \"%s\" (%s) took %s %s\n", mark->graph,
                mark->node, mark->coro, names, outcome);
    }
}
