/* What a process has once, and libraries that are loaded into it change. */
#ifndef CGUARD_PROCESS_H
#define CGUARD_PROCESS_H

#ifdef __cplusplus
extern "C" {
#endif

/* Never returns. Runs what is put on the main queue or the main actor, if anything is; nothing of
 * the host is. To be called in the main thread. */
__attribute__((noreturn)) void cguard_serve_main_queue(void);

#ifdef __cplusplus
}
#endif
#endif
