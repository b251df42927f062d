/*
 * cffi_library.h - what the GNU linker tells of a symbol, and Swift's Glibc module does not show.
 */
#ifndef CFFI_LIBRARY_H
#define CFFI_LIBRARY_H

#include <spawn.h>
#include <stdbool.h>

/* The address of a symbol that the library behind `handle` (of dlopen) exports itself; NULL where
 * it has none, or only finds one in a library that it depends on. */
const void *cffi_own_symbol(void *handle, const char *name);

/* Whether the linker knows `address` as data: to call it would run numbers as code. */
bool cffi_is_data(const void *address);

/* The library that `address` is in, as it was opened; NULL where there is none. */
const char *cffi_file_of(const void *address);

/* A file that is nowhere but in memory, to be opened by its descriptor; -1, and errno, where there
 * is none to be had. Swift does not see memfd_create. */
int cffi_memory_file(const char *name);

/* A pipe that no program which is started gets to see, read from at ends[0]; false, and errno, where
 * there is none to be had. In one step: a process that another thread starts between two would keep
 * it open. Swift does not see pipe2. */
bool cffi_pipe(int ends[2]);

/* Has what is started close all descriptors from `first` on; an error number where it can't. Swift does
 * not see posix_spawn_file_actions_addclosefrom_np. */
int cffi_close_from(posix_spawn_file_actions_t *actions, int first);

#endif
