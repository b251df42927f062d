/* What the host is measured against: the same processors, from the same plugin file, called
 * through their function pointers by a few lines of C. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

/* A source, `map_count` times one map, and a sink, by their names in the plugin. */
typedef struct reference_chain {
    const char *plugin; /* the file */
    const char *source;
    const char *map;
    const char *sink;
    int64_t rows;
    int64_t sink_arg; /* the sink's only arg, where it has one */
    uint32_t map_count;
} reference_chain;

typedef struct reference_result {
    uint64_t nanoseconds;
    int64_t sum;         /* the sink's counter of that name */
    const char *failure; /* NULL: it worked; else static text, and the rest says nothing */
} reference_result;

/* One loop in one thread: batches of 256 in two buffers, each map called for each row. */
reference_result reference_plain_chain(reference_chain chain);
/* The same where every batch goes through each of the maps and all results to one sink. */
reference_result reference_plain_fan_out(reference_chain chain);
/* texts -> reverse -> upper; append_reverse joins the last two; the sink takes upper's rows and
 * append_reverse's. Takes `plugin`, `sink` and `rows` of the chain. */
reference_result reference_plain_five_nodes(reference_chain chain);

/* A thread for each processor, between two of them a ring of 1,024 values for one writer and one
 * reader; each takes what is there, up to 256 at once, and sleeps when there is nothing. */
reference_result reference_ring_chain(reference_chain chain);

/* The chain with zlib's crc32 as its one map, called for each row through ffi_call with what it
 * needs prepared once, or straight. Takes all but `map` and `map_count` of the chain. */
reference_result reference_crc32_by_ffi(reference_chain chain);
reference_result reference_crc32_direct(reference_chain chain);

/* The memory that this process has in use, and the most since `reference_forget_peak`, in bytes;
 * 0 where the system does not say. */
uint64_t reference_memory(void);
uint64_t reference_peak_memory(void);
bool reference_forget_peak(void);

#endif
