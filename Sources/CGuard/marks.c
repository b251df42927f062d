#include "mark.h"

#include <errno.h>
#include <execinfo.h>
#include <dlfcn.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static _Thread_local cguard_place current;
static _Thread_local bool is_prepared;
static _Atomic(cguard_mark *) marks;
static atomic_bool watches_crashes;
static cguard_exit_handler *_Atomic exit_handler;
/* A library's own child may crash or exit as it likes. */
static pid_t process;

/* Numbers are read and written as in C there, whatever a library makes of the process's locale. */
static locale_t plain;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t stack_key;
enum { stack_size = 64 * 1024 };

static void release_stack(void *stack) {
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    munmap(stack, stack_size);
}

static void prepare_process(void) {
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    pthread_key_create(&stack_key, release_stack);
}

/* A stack that has run over has no room for the handler. */
static void prepare_thread(void) {
    is_prepared = true;
    pthread_once(&once, prepare_process);
    stack_t former;
    if (!atomic_load(&watches_crashes) || sigaltstack(NULL, &former) ||
        !(former.ss_flags & SS_DISABLE)) {
        return;
    }
    void *memory = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_t stack = {.ss_sp = memory, .ss_size = stack_size};
    sigaltstack(&stack, NULL);
    pthread_setspecific(stack_key, memory);
}

cguard_mark *cguard_make_mark(const char *graph, const char *node, const char *coro,
                              const char *library) {
    cguard_mark *mark = calloc(1, sizeof *mark);
    if (!mark) return NULL;
    mark->graph = strdup(graph);
    mark->node = strdup(node);
    mark->coro = strdup(coro);
    mark->library = strdup(library);
    if (!mark->graph || !mark->node || !mark->coro || !mark->library) {
        return NULL; /* a few bytes, where there is no memory anyway */
    }
    mark->next = atomic_load(&marks);
    while (!atomic_compare_exchange_weak(&marks, &mark->next, mark)) {
    }
    return mark;
}

cguard_place cguard_enter(cguard_mark *mark, cguard_doing doing) {
    if (!is_prepared) prepare_thread();
    cguard_place former = current;
    former.locale = plain ? uselocale(plain) : (locale_t)0;
    /* A map that calls itself for the rest of its rows. */
    bool goes_on = mark && mark == former.mark && doing == former.doing;
    size_t done = goes_on ? former.rows_done : 0;
    current = (cguard_place){mark, doing, (locale_t)0, done, done};
    return former;
}

size_t *cguard_begin_rows(size_t done) {
    current.rows_done = current.rows_before + done;
    return &current.rows_done;
}

/* The first calls, and some of all that follow: it takes a system call for each signal. */
static bool is_to_be_looked_at(cguard_mark *mark) {
    unsigned calls = atomic_load_explicit(&mark->calls, memory_order_relaxed) + 1;
    atomic_store_explicit(&mark->calls, calls, memory_order_relaxed);
    return calls <= 16 || calls % 16 == 0;
}

/* Whose library is on the stack, where the thread is in nobody's call. */
static cguard_mark *owner_of_stack(void) {
    void *frames[64];
    int count = backtrace(frames, 64);
    for (int i = 0; i < count; i++) {
        Dl_info info;
        if (!dladdr(frames[i], &info) || !info.dli_fname) continue;
        for (cguard_mark *mark = atomic_load(&marks); mark; mark = mark->next) {
            if (!strcmp(mark->library, info.dli_fname)) return mark;
        }
    }
    return NULL;
}

/* The node that a thread works for. */
static cguard_mark *owner(void) { return current.mark ? current.mark : owner_of_stack(); }

static void at_exit(int code, void *context) {
    (void)context;
    cguard_exit_handler *handler = atomic_load(&exit_handler);
    if (!handler || getpid() != process) return;
    const cguard_mark *mark = owner();
    handler(code, mark ? mark->node : NULL, mark ? mark->coro : NULL, current.doing,
            current.rows_done);
}

void cguard_leave(cguard_place former) {
    cguard_mark *mark = current.mark;
    bool has_opened = current.doing == CGUARD_OPEN;
    current = former;
    if (former.locale) uselocale(former.locale);
    if (!mark) return;
    if (is_to_be_looked_at(mark)) cguard_look_at_signals(mark, NULL);
    /* What a library registered comes later then. */
    if (has_opened && atomic_load(&exit_handler)) on_exit(at_exit, NULL);
}

void cguard_at_exit(cguard_exit_handler *handler) {
    process = getpid();
    if (!atomic_exchange(&exit_handler, handler) && handler) on_exit(at_exit, NULL);
}

/* ------------------------------------------------------------------------- crashes -- */

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
enum { fatal_count = sizeof fatal / sizeof *fatal };
static struct sigaction former_actions[fatal_count];
static bool wants_report;

static void put(const char *text) {
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

static void say(const cguard_mark *mark, int number) {
    const char digits[] = {(char)('0' + number / 10), (char)('0' + number % 10), 0};
    const char *name = sigdescr_np(number);
    if (mark) {
        put(mark->graph);
        put(": error: node \"");
        put(mark->node);
        put("\" (");
        put(mark->coro);
        put(") crashed in ");
        put(mark->library);
    } else {
        put("error: pipes-host crashed, in no node's call");
    }
    put(": signal ");
    put(number < 10 ? digits + 1 : digits);
    put(" (");
    put(name ? name : "unknown");
    put(")\n");
}

/* What was there before: the report of the Swift runtime, which takes long and returns. */
static void report(int number, siginfo_t *info, void *context) {
    for (size_t i = 0; i < fatal_count; i++) {
        const struct sigaction *former = &former_actions[i];
        if (fatal[i] == number && former->sa_flags & SA_SIGINFO) {
            former->sa_sigaction(number, info, context);
        }
    }
}

static void crashed(int number, siginfo_t *info, void *context) {
    static atomic_bool is_crashing;
    /* The first one ends the process. */
    while (atomic_exchange(&is_crashing, true)) pause();
    if (wants_report) report(number, info, context);
    if (getpid() == process) say(owner(), number);
    signal(number, SIG_DFL);
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, number);
    sigprocmask(SIG_UNBLOCK, &own, NULL);
    raise(number);
    _exit(128 + number);
}

void cguard_watch_crashes(void) {
    process = getpid();
    atomic_store(&watches_crashes, true);
    wants_report = getenv("SWIFT_BACKTRACE") != NULL;
    /* Its first call loads a library, for which a handler is no place. */
    void *frame;
    backtrace(&frame, 1);
    struct sigaction action = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < fatal_count; i++) sigaction(fatal[i], &action, &former_actions[i]);
}
