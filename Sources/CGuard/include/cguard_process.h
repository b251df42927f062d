/* What a process has once, and libraries that are loaded into it change. */
#ifndef CGUARD_PROCESS_H
#define CGUARD_PROCESS_H

#include <locale.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Never returns. Runs what is put on the main queue or the main actor, if anything is; nothing of
 * the host is. To be called in the main thread. */
__attribute__((noreturn)) void cguard_serve_main_queue(void);

/* Blocks SIGINT, SIGTERM and SIGHUP, for cguard_next_signal to wait for, and SIGPIPE; SIGHUP stays
 * ignored where it is. A signal that is blocked comes whatever a library makes of it. SIGQUIT ends
 * the program without a report. To be called before there is another thread, since each gets what is
 * blocked from the one that starts it. */
void cguard_hold_signals(void);

/* Waits for one of those that are held, and answers its number. */
int cguard_next_signal(void);

/* Ends the program the way the signal does by default. */
__attribute__((noreturn)) void cguard_end_by(int number);

/* Where the process may have less than 1 GiB of data or addresses, has threads take little of it: 1
 * MiB for a stack. To be called before there is another thread. */
void cguard_save_memory(void);

/* A node, for messages from where nothing else is known of it. Lives as long as the process. */
typedef struct cguard_mark cguard_mark;

/* What a library is called for. */
typedef enum cguard_doing {
    CGUARD_NOTHING,
    CGUARD_OPEN,
    CGUARD_ROW,
    CGUARD_FLUSH,
    CGUARD_CLOSE
} cguard_doing;

/* What a thread does: whom it calls, and for what. */
typedef struct cguard_place {
    cguard_mark *mark; /* NULL: nobody */
    cguard_doing doing;
    locale_t locale;
    /* Rows of a map's call that were done before the present loop over rows, and with it. */
    size_t rows_before, rows_done;
} cguard_place;

/* NULL without memory. */
cguard_mark *cguard_make_mark(const char *graph, const char *node, const char *coro,
                              const char *library);

/* Before and after each call of a library's function. In between the thread has the locale "C",
 * so that a library's setlocale does not change what others make of numbers. `mark` may be NULL. */
cguard_place cguard_enter(cguard_mark *mark, cguard_doing doing);
void cguard_leave(cguard_place former);

/* Begins a loop over rows of a map's call that is in progress, so many of which are done. Answers
 * where to count further ones. */
size_t *cguard_begin_rows(size_t done);

/* Puts back what a library took of the signals that are held, if any are, and says so once: `mark`
 * or, where that is NULL, `library` did it. */
void cguard_look_at_signals(cguard_mark *mark, const char *library);

/* From now on the last line of a crash names the node, its library and the signal. The report of the
 * Swift runtime comes before it where SWIFT_BACKTRACE is set. */
void cguard_watch_crashes(void);

/* Called in the thread that called exit, with the node whose library it is, or NULL, and the rows of
 * its call that were done. */
typedef void cguard_exit_handler(int code, const char *node, const char *coro, cguard_doing doing,
                                 size_t rows_done);

/* From now on exit calls `handler`; NULL: nothing. */
void cguard_at_exit(cguard_exit_handler *handler);

#ifdef __cplusplus
}
#endif
#endif
