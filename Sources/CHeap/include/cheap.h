/* What Swift can't reach of the C library's heap. */
#ifndef CHEAP_H
#define CHEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that malloc has handed out, in all its arenas and in mappings of their own. */
size_t cheap_byte_count(void);

/* Bytes that malloc has of the system for all this, used or not. */
size_t cheap_system_byte_count(void);

/* Lets malloc and its kin be made to fail where the library that `address` lies in calls them, and
 * nowhere else. Before any thread is inside that library; stays so for good. False where the
 * library's table of them can't be changed. */
bool cheap_divert(const void *address);

/* Begins to count such calls: number `number` fails, counted from 1; 0: none does. */
void cheap_fail(size_t number);

/* How many there were since cheap_fail. No more fail. */
size_t cheap_stop_failing(void);

#endif
