/* What Swift can't reach of the C library's heap. */
#ifndef CHEAP_H
#define CHEAP_H

#include <stddef.h>

/* Bytes that malloc has handed out, in all its arenas and in mappings of their own. */
size_t cheap_byte_count(void);

#endif
