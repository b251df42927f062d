/* Processors whose rows take long, or much memory: what a graph makes of them is printed by
 * themselves, so that no test has to guess at times. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pipes/pipes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGE = 8 << 20 };

/* Lines in the file `seen` of the working folder, to which the graph's output goes. */
static int64_t lines_seen(void) {
    char bytes[4096];
    int64_t lines = 0;
    int file = open("seen", O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    for (ssize_t size; (size = read(file, bytes, sizeof bytes)) > 0;) {
        for (ssize_t at = 0; at < size; at++) lines += bytes[at] == '\n';
    }
    close(file);
    return lines;
}

/* How many of the rows before this one have not been printed. Then it takes its time. */
static pipes_value lag(const pipes_value *row) {
    int64_t lag = row->integer - lines_seen();
    usleep(5000);
    return pipes_int(lag);
}

static pipes_status lag_map(void *state, pipes_call *call, const pipes_value *row,
                            pipes_value *result) {
    (void)state, (void)call;
    *result = lag(row);
    return PIPES_OK;
}

static pipes_status lag_process(void *state, pipes_call *call, const pipes_batch *batch) {
    (void)state;
    for (uint64_t row = 0; row < batch->count; row++) {
        pipes_status status = pipes_emit(call, row, lag(&batch->columns[0][row]));
        if (status != PIPES_OK) return status;
    }
    return PIPES_OK;
}

static pipes_status pass(void *state, pipes_call *call, const pipes_value *row,
                         pipes_value *result) {
    (void)state, (void)call;
    *result = *row;
    return PIPES_OK;
}

/* Quick up to the hundredth row, then slow. */
static pipes_status lag_late(void *state, pipes_call *call, const pipes_value *row,
                             pipes_value *result) {
    (void)state, (void)call;
    *result = row->integer < 100 ? pipes_int(0) : lag(row);
    return PIPES_OK;
}

/* The most memory that the process has had so far, in KiB. */
static pipes_status peak(void *state, pipes_call *call, const pipes_value *row,
                         pipes_value *result) {
    (void)state, (void)call, (void)row;
    char line[256];
    int64_t kibibytes = -1;
    usleep(2000);
    FILE *status = fopen("/proc/self/status", "re");
    if (!status) return PIPES_FATAL;
    while (fgets(line, sizeof line, status)) {
        if (strncmp(line, "VmHWM:", 6) == 0) kibibytes = atoll(line + 6);
    }
    fclose(status);
    *result = pipes_int(kibibytes);
    return PIPES_OK;
}

static char *large(pipes_call *call) {
    char *bytes = pipes_alloc(call, LARGE);
    if (bytes) memset(bytes, 1, LARGE);
    return bytes;
}

static pipes_status make(void *state, pipes_call *call, const pipes_value *row,
                         pipes_value *result) {
    (void)state, (void)row;
    char *bytes = large(call);
    if (!bytes) return PIPES_RETRY;
    *result = pipes_bytes(bytes, LARGE);
    return PIPES_OK;
}

static pipes_status make_map(void *state, pipes_call *call, const pipes_value *row,
                             pipes_value *result) {
    pipes_value bytes = pipes_null();
    pipes_status status = make(state, call, row, &bytes);
    pipes_value *items = pipes_alloc(call, 2 * sizeof *items);
    if (status != PIPES_OK || !items) return PIPES_RETRY;
    items[0] = pipes_string("bytes", 5);
    items[1] = bytes;
    *result = pipes_map(items, 1);
    return PIPES_OK;
}

static pipes_status make_adopted(void *state, pipes_call *call, const pipes_value *row,
                                 pipes_value *result) {
    (void)state, (void)row;
    char *bytes = malloc(LARGE);
    if (!bytes) return PIPES_RETRY;
    memset(bytes, 1, LARGE);
    if (call->host->adopt(call, LARGE, free, bytes) != PIPES_OK) return PIPES_FATAL;
    *result = pipes_bytes(bytes, LARGE);
    return PIPES_OK;
}

static pipes_status make_process(void *state, pipes_call *call, const pipes_batch *batch) {
    (void)state;
    for (uint64_t row = 0; row < batch->count; row++) {
        char *bytes = large(call);
        if (!bytes) return PIPES_RETRY;
        pipes_status status = pipes_emit(call, row, pipes_bytes(bytes, LARGE));
        if (status != PIPES_OK) return status;
    }
    return PIPES_OK;
}

/* A row whose result is made by a thread of its own. */
struct later {
    const pipes_host *host;
    pipes_ticket ticket;
    pipes_status (*make)(void *state, pipes_call *call, const pipes_value *row,
                         pipes_value *result);
};

static void *complete_later(void *context) {
    struct later *later = context;
    pipes_value result = pipes_null();
    pipes_call *call = later->host->resume(later->host, later->ticket);
    pipes_status status = call ? later->make(NULL, call, NULL, &result) : PIPES_FATAL;
    later->host->complete(later->host, later->ticket, status, &result);
    free(later);
    return NULL;
}

static pipes_status defer_to_thread(pipes_call *call, struct later later) {
    pthread_t thread;
    struct later *context = malloc(sizeof *context);
    if (!context) return PIPES_RETRY;
    *context = later;
    context->host = call->host;
    context->ticket = call->host->defer(call, NULL);
    if (pthread_create(&thread, NULL, complete_later, context) != 0) return PIPES_FATAL;
    pthread_detach(thread);
    return PIPES_DEFERRED;
}

static pipes_status make_later(void *state, pipes_call *call, const pipes_value *row,
                               pipes_value *result) {
    (void)state, (void)row, (void)result;
    return defer_to_thread(call, (struct later){.make = make});
}

static pipes_status adopt_later(void *state, pipes_call *call, const pipes_value *row,
                                pipes_value *result) {
    (void)state, (void)row, (void)result;
    return defer_to_thread(call, (struct later){.make = make_adopted});
}

/* A DLTensor of DLPack 1.x. */
struct tensor {
    void *data;
    int32_t device_type, device_id, dimensions;
    uint8_t code, bits;
    uint16_t lanes;
    int64_t *shape, *strides;
    uint64_t byte_offset;
};

static pipes_status make_tensor(void *state, pipes_call *call, const pipes_value *row,
                                pipes_value *result) {
    (void)state, (void)row;
    static int64_t shape[] = {2, LARGE / 8};
    struct tensor *tensor = pipes_alloc(call, sizeof *tensor);
    char *bytes = large(call);
    if (!tensor || !bytes) return PIPES_RETRY;
    *tensor = (struct tensor){
        .data = bytes, .device_type = 1, .dimensions = 2, .code = 2, .bits = 32, .lanes = 1,
        .shape = shape};
    *result = (pipes_value){.kind = PIPES_TENSOR, .ext = tensor};
    return PIPES_OK;
}

/* Produces large rows. */
static pipes_status make_source(void *state, pipes_call *call) {
    int *left = state;
    for (uint64_t row = 0; row < call->demand; row++) {
        if ((*left)-- == 0) return PIPES_END;
        char *bytes = large(call);
        if (!bytes) return PIPES_FATAL;
        pipes_status status = pipes_emit(call, PIPES_NO_ROW, pipes_bytes(bytes, LARGE));
        if (status != PIPES_OK) return status;
    }
    return PIPES_OK;
}

static pipes_status open_source(const pipes_host *host, pipes_node *node, const pipes_value *args,
                                size_t count, void **state) {
    (void)host, (void)node, (void)args, (void)count;
    int *left = malloc(sizeof *left);
    if (!left) return PIPES_FATAL;
    *left = 60;
    *state = left;
    return PIPES_OK;
}

/* Wants more memory than there is for its third row, and explains nothing. */
static pipes_status hungry(void *state, pipes_call *call, const pipes_value *row,
                           pipes_value *result) {
    (void)state;
    if (row->integer == 2 && !pipes_alloc(call, (size_t)1 << 50)) return PIPES_RETRY;
    if (row->integer == 3) return PIPES_REJECT;
    *result = *row;
    return PIPES_OK;
}

#define P(NAME) .struct_size = sizeof(pipes_processor), .name = NAME, .summary = "A pace."
static const pipes_processor processors[] = {
    {P("lag"), .flags = PIPES_CONCURRENT, .map = lag_map},
    {P("lag_computing"), .flags = PIPES_CONCURRENT | PIPES_NONBLOCKING, .map = lag_map},
    {P("lag_process"), .flags = PIPES_CONCURRENT, .process = lag_process},
    {P("lag_keeping"), .rate = PIPES_RATE_KEEPS, .flags = PIPES_NONBLOCKING,
     .process = lag_process},
    {P("pass"), .flags = PIPES_NONBLOCKING, .map = pass},
    {P("lag_late"), .map = lag_late},
    {P("peak"), .map = peak},
    {P("make"), .flags = PIPES_CONCURRENT, .map = make},
    {P("make_map"), .map = make_map},
    {P("make_adopted"), .map = make_adopted},
    {P("make_computing"), .flags = PIPES_NONBLOCKING, .map = make},
    {P("make_later"), .flags = PIPES_DEFERS | PIPES_NONBLOCKING, .map = make_later},
    {P("adopt_later"), .flags = PIPES_DEFERS | PIPES_NONBLOCKING, .map = adopt_later},
    {P("make_process"), .flags = PIPES_CONCURRENT, .process = make_process},
    {P("make_tensor"), .map = make_tensor},
    {P("make_source"), .open = open_source, .produce = make_source, .close = free},
    {P("hungry"), .map = hungry},
};
PIPES_PLUGIN("paces", "1.0.0", "Rows that take long, or much memory.", processors)
