#ifndef CGUARD_MARK_H
#define CGUARD_MARK_H

#include "cguard_process.h"

#include <stdatomic.h>

struct cguard_mark {
    char *graph, *node, *coro;
    char *library; /* the path of its file */
    struct cguard_mark *next;
    atomic_uint calls;
    atomic_uint has_taken; /* signals, and that was said */
};

#endif
