/* What a C programmer builds when every stage may wait: a thread for each, rings between them. */
#include "processors.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RING_SIZE = 1024, MOST_THREADS = 18 };

/* One end of a ring that may sleep until the other end has done something. */
struct sleeper {
    _Atomic bool sleeps; /* or is about to */
    _Atomic uint32_t calls;
};

/* For one writer and one reader. Positions count for ever, and wrap with their type. */
struct ring {
    _Alignas(64) _Atomic uint32_t written;
    struct sleeper writer;
    _Alignas(64) _Atomic uint32_t read;
    struct sleeper reader;
    _Atomic bool has_ended;
    pipes_value values[RING_SIZE];
};

static void wake(struct sleeper *sleeper) {
    if (!atomic_load(&sleeper->sleeps) || !atomic_exchange(&sleeper->sleeps, false)) return;
    atomic_fetch_add(&sleeper->calls, 1);
    syscall(SYS_futex, &sleeper->calls, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* To be followed by one more look at the ring, and by `sleep_since` where there is still nothing
 * to do: a call in between then keeps it from falling asleep. */
static uint32_t get_tired(struct sleeper *sleeper) {
    uint32_t calls = atomic_load(&sleeper->calls);
    atomic_store(&sleeper->sleeps, true);
    return calls;
}

static void sleep_since(struct sleeper *sleeper, uint32_t calls) {
    syscall(SYS_futex, &sleeper->calls, FUTEX_WAIT_PRIVATE, calls, NULL, NULL, 0);
}

static void write_done(struct ring *ring, uint32_t count) {
    atomic_fetch_add(&ring->written, count);
    wake(&ring->reader);
}

static void read_done(struct ring *ring, uint32_t count) {
    atomic_fetch_add(&ring->read, count);
    wake(&ring->writer);
}

static void end(struct ring *ring) {
    atomic_store(&ring->has_ended, true);
    wake(&ring->reader);
}

static uint32_t up_to_the_end(uint32_t position, uint32_t count) {
    uint32_t side_by_side = RING_SIZE - position % RING_SIZE;
    if (count > BATCH_SIZE) count = BATCH_SIZE;
    return count < side_by_side ? count : side_by_side;
}

/* Values to read, side by side; 0 at the end. */
static uint32_t readable(struct ring *ring, pipes_value **values) {
    uint32_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
    for (;;) {
        /* In this order: what is written before the end is seen with it. */
        bool has_ended = atomic_load(&ring->has_ended);
        uint32_t count = atomic_load(&ring->written) - read;
        if (count) {
            *values = ring->values + read % RING_SIZE;
            return up_to_the_end(read, count);
        }
        if (has_ended) return 0;
        uint32_t calls = get_tired(&ring->reader);
        if (atomic_load(&ring->written) == read && !atomic_load(&ring->has_ended))
            sleep_since(&ring->reader, calls);
    }
}

/* Room to write in, side by side; at least one value. */
static uint32_t writable(struct ring *ring, pipes_value **values) {
    uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    for (;;) {
        uint32_t room = RING_SIZE - (written - atomic_load(&ring->read));
        if (room) {
            *values = ring->values + written % RING_SIZE;
            return up_to_the_end(written, room);
        }
        uint32_t calls = get_tired(&ring->writer);
        if (written - atomic_load(&ring->read) == RING_SIZE) sleep_since(&ring->writer, calls);
    }
}

struct stage {
    opened node;
    struct ring *from, *to; /* NULL: a source, a sink */
    _Atomic bool *failed;
    plain_call call;
};

static void run_source(struct stage *stage) {
    pipes_status status = PIPES_OK;
    while (status == PIPES_OK) {
        pipes_value *room;
        uint32_t count = writable(stage->to, &room);
        reset_call(&stage->call, &stage->node, room);
        stage->call.head.demand = count;
        status = stage->node.processor->produce(stage->node.state, &stage->call.head);
        write_done(stage->to, (uint32_t)stage->call.count);
    }
    if (status != PIPES_END) atomic_store(stage->failed, true);
    end(stage->to);
}

static void run_map(struct stage *stage) {
    pipes_value *rows, *results;
    uint32_t count;
    while ((count = readable(stage->from, &rows)) > 0) {
        uint32_t room = writable(stage->to, &results);
        if (room < count) count = room;
        reset_call(&stage->call, &stage->node, results);
        for (uint32_t row = 0; row < count; row++)
            if (stage->node.processor->map(stage->node.state, &stage->call.head, rows + row,
                                           results + row) != PIPES_OK)
                atomic_store(stage->failed, true);
        read_done(stage->from, count);
        write_done(stage->to, count);
    }
    end(stage->to);
}

static void run_sink(struct stage *stage) {
    pipes_value *rows;
    uint32_t count;
    while ((count = readable(stage->from, &rows)) > 0) {
        reset_call(&stage->call, &stage->node, NULL);
        if (sink(&stage->node, &stage->call, rows, count) != PIPES_OK)
            atomic_store(stage->failed, true);
        read_done(stage->from, count);
    }
}

static void *run_stage(void *argument) {
    struct stage *stage = argument;
    if (!stage->from)
        run_source(stage);
    else if (!stage->to)
        run_sink(stage);
    else
        run_map(stage);
    return NULL;
}

static const char *run_threads(struct stage *stages, uint32_t count) {
    pthread_t threads[MOST_THREADS];
    uint32_t started = 0;
    /* From the sink on: where one can't be started, those that run must be fed an end. */
    while (started < count && pthread_create(&threads[count - 1 - started], NULL, run_stage,
                                             &stages[count - 1 - started]) == 0)
        started++;
    if (started > 0 && started < count) end(stages[count - started].from);
    for (uint32_t index = count - started; index < count; index++)
        pthread_join(threads[index], NULL);
    if (started < count) return "a thread can't be started";
    return atomic_load(stages[0].failed) ? "a processor failed" : NULL;
}

reference_result reference_ring_chain(reference_chain chain) {
    uint32_t count = chain.map_count + 2;
    if (count > MOST_THREADS) return (reference_result){.failure = "too many maps"};
    struct stage *stages = calloc(count, sizeof *stages);
    struct ring *rings = aligned_alloc(64, (count - 1) * sizeof *rings);
    if (!stages || !rings) {
        free(stages);
        free(rings);
        return (reference_result){.failure = "no memory"};
    }
    memset(rings, 0, (count - 1) * sizeof *rings);
    _Atomic bool failed = false;
    const char *failure = NULL;
    for (uint32_t index = 0; index < count && !failure; index++) {
        bool is_source = index == 0, is_sink = index == count - 1;
        stages[index].from = is_source ? NULL : &rings[index - 1];
        stages[index].to = is_sink ? NULL : &rings[index];
        stages[index].failed = &failed;
        failure = open_processor(chain.plugin,
                                 is_source ? chain.source
                                 : is_sink ? chain.sink
                                           : chain.map,
                                 is_source ? chain.rows
                                 : is_sink ? chain.sink_arg
                                           : 0,
                                 &stages[index].node);
    }
    uint64_t start = now();
    if (!failure) failure = run_threads(stages, count);
    uint64_t nanoseconds = now() - start;
    for (uint32_t index = 0; index < count; index++) close_processor(&stages[index].node);
    reference_result result = {nanoseconds, stages[count - 1].node.sum, failure};
    free(stages);
    free(rings);
    return result;
}
