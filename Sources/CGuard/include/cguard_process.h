/* What a process has once, and libraries that are loaded into it change. */
#ifndef CGUARD_PROCESS_H
#define CGUARD_PROCESS_H

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

#ifdef __cplusplus
}
#endif
#endif
