/* A map that breaks one rule of pipes.h, chosen by -D; without one it keeps them all. It adds an
 * exclamation mark to a text. */
#define _GNU_SOURCE
#include <pipes/tensor.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct state {
    int64_t num;
    int64_t rows;
    const pipes_value *last;
    pipes_call *call;
    char buffer[64];
    void *more;
    pipes_value result;
    struct state *older;
};

#if defined SHARED_BY_ALL_NODES
static struct state *shared;
#elif defined STATE_OF_A_THREAD
static __thread struct state *opened_here;
#elif defined BUFFER_OF_ALL_THREADS || defined BUFFER_OF_ALL_THREADS_AT_LAST
static char buffer[1 << 21];
#elif defined CLOSES_IN_ORDER
static struct state *newest;
#elif defined ARGS_OF_THE_LAST_NODE
static const pipes_value *last_args;
#elif defined LEAKS_WITH_EACH_ROW
static void *volatile lost;
#endif

#if defined EXPORTS_MORE
PIPES_EXPORT int helper(void);
PIPES_EXPORT int helper(void) { return 1; }
#elif defined EXPORTS_NAMES_LIKE_A_COMPILERS
PIPES_EXPORT int get_state(void);
PIPES_EXPORT int get_state(void) { return 1; }
PIPES_EXPORT int _Zed, _Round;
int _Zed = 1, _Round = 2;
#endif

#if defined LOGS_AFTER_CLOSE
static const pipes_host *its_host;
static pipes_node *its_node;

static void *log_later(void *context) {
    usleep(5000);
    its_host->log(its_node, PIPES_INFO, "closed", 6);
    return context;
}
#endif

#if defined LEAKS_THREADS || defined LEAKS_THREADS_WITH_STACKS
static void *sleep_on(void *context) {
    for (;;) pause();
    return context;
}
#endif

#if defined CRASHES_AT_THE_END_ONCE_OPENED
static int was_opened;
__attribute__((destructor)) static void at_end(void) {
    if (was_opened) abort();
}
#endif

static pipes_status open_node(const pipes_host *host, pipes_node *node, const pipes_value *args,
                              size_t count, void **result) {
    (void)node;
    (void)count;
#if defined CRASHES_AT_THE_END_ONCE_OPENED
    was_opened = 1;
#endif
    struct state *state = calloc(1, sizeof *state);
#if !defined TRUSTS_MALLOC_IN_OPEN
    if (!state) return PIPES_RETRY;
#endif
    state->num = args[0].integer;
#if defined FORGETS_WHAT_IT_HAD
    state->more = malloc(8);
    if (!state->more) return PIPES_RETRY;
#endif
#if defined REFUSES_TO_OPEN
    free(state);
    return PIPES_FATAL;
#elif defined DIVIDES_BY_AN_ARG
    state->num = 100 / state->num;
#elif defined OPEN_ANSWERS_SKIP
    free(state);
    return PIPES_SKIP;
#elif defined WANTS_ITS_OWN_TABLE
    if (host->struct_size != sizeof *host) {
        free(state);
        return PIPES_FATAL;
    }
#elif defined LEAKS_DESCRIPTORS
    if (dup(0) < 0) return PIPES_FATAL;
#elif defined LEAKS_DESCRIPTORS_WHERE_IT_REFUSES
    int file = dup(0);
    if (state->num > 1000) {
        free(state);
        return PIPES_FATAL;
    }
    close(file);
#elif defined LEAKS_MAPPINGS
    if (mmap(NULL, 1 << 16, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) abort();
#elif defined LEAKS_THREADS_WITH_STACKS
    pthread_t thread;
    if (pthread_create(&thread, NULL, sleep_on, NULL) == 0) pthread_detach(thread);
#elif defined LEAKS_THREADS
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    if (pthread_create(&thread, &small, sleep_on, NULL) != 0) return PIPES_FATAL;
#elif defined SHARED_BY_ALL_NODES
    shared = state;
#elif defined STATE_OF_A_THREAD
    opened_here = state;
#elif defined LOGS_AFTER_CLOSE
    its_host = host;
    its_node = node;
#elif defined YIELDS_ITS_ARGS
    state->result = args[1];
#elif defined CLOSES_IN_ORDER
    state->older = newest;
    newest = state;
#elif defined ARGS_OF_THE_LAST_NODE
    last_args = args;
#endif
    (void)host;
    *result = state;
    return PIPES_OK;
}

static void close_node(void *context) {
    struct state *state = context;
#if defined CLOSES_IN_ORDER
    if (newest != state) abort();
    newest = state->older;
#endif
#if defined LOGS_AFTER_CLOSE
    pthread_t thread;
    if (pthread_create(&thread, NULL, log_later, NULL) == 0) pthread_detach(thread);
#endif
#if defined LEAKS_MEMORY
    (void)state;
#else
    free(state->more);
    free(state);
#endif
#if defined SHARED_BY_ALL_NODES
    shared = NULL;
#endif
}

#if defined RECURSES
static size_t depth_of(const char *text, size_t size, size_t depth) {
    volatile char room[2048];
    room[0] = 1;
    if (!size || *text != '[') return depth;
    return depth_of(text + 1, size - 1, depth + 1) + (size_t)room[0] - 1;
}
#endif

static pipes_status loud(void *context, pipes_call *call, const pipes_value *row,
                         pipes_value *result) {
    struct state *state = context;
    const char *text = row->text;
    uint64_t size = row->size;
    if (row->kind == PIPES_NULL) return PIPES_SKIP;
    state->rows++;
#if defined ABORTS
    abort();
#elif defined SHARED_BY_ALL_NODES
    shared->rows++;
#elif defined STATE_OF_A_THREAD
    opened_here->rows++;
#elif defined READS_TO_A_NUL
    size = strlen(text);
#elif defined READS_IN_FRONT_OF_A_TEXT
    while (text[size - 1] == ' ') size--;
    size = size <= row->size ? size : 0;
#elif defined READS_IN_FRONT_OF_A_ROW
    state->num += row[-1].kind == PIPES_NULL;
#elif defined ARGS_OF_THE_LAST_NODE
    state->num += last_args[0].integer;
#elif defined LEAKS_WITH_EACH_ROW
    lost = malloc(100);
#elif defined WRITES_TO_ITS_INPUT
    if (size) ((char *)text)[0] = '!';
#elif defined LOOKS_AT_THE_LAST_ROW
    if (state->last && state->last->kind == PIPES_STRING) state->num++;
    state->last = row;
#elif defined USES_AN_OLD_CALL
    if (state->call) (void)state->call->host->alloc(state->call, 8, 8);
    state->call = call;
#elif defined EMITS_FROM_MAP
    (void)pipes_emit(call, 0, *row);
#elif defined CHOOSES_NO_OUTPUT
    call->port = 7;
#elif defined ANSWERS_A_NUMBER
    return (pipes_status)42;
#elif defined ANSWERS_CANCELLED
    return PIPES_CANCELLED;
#elif defined YIELDS_ANOTHER_KIND
    *result = pipes_int((int64_t)size);
    return PIPES_OK;
#elif defined YIELDS_HALF_A_TRUTH
    *result = pipes_bool(true);
    result->integer = 2;
    return PIPES_OK;
#elif defined YIELDS_A_TENSOR_OF_NOTHING
    static const char junk[48] = "no tensor";
    result->kind = PIPES_TENSOR;
    result->ext = junk;
    return PIPES_OK;
#elif defined YIELDS_A_TENSOR_OF_ANOTHER_SIZE
    static uint8_t pixels[4];
    static int64_t sizes[] = {2, 2};
    static pipes_tensor tensor = {pixels, PIPES_DEVICE_CPU, 0, 2, {PIPES_DTYPE_UINT, 8, 1},
                                  sizes, NULL, 0};
    *result = pipes_tensor_value(&tensor);
    result->size = 5;
    return PIPES_OK;
#elif defined YIELDS_ITS_ARGS
    *result = state->result;
    return PIPES_OK;
#elif defined WRITES_A_FILE
    int file = open("log", O_CREAT | O_APPEND | O_WRONLY, 0600);
    if (file < 0 || write(file, "x", 1) != 1) return PIPES_RETRY;
    close(file);
#elif defined YIELDS_NO_VALUE
    result->kind = 99;
    return PIPES_OK;
#elif defined CUTS_TEXTS
    *result = pipes_string(text, size ? size - 1 : 0);
    return PIPES_OK;
#elif defined RECURSES
    state->num += (int64_t)depth_of(text, size, 0);
#elif defined SLEEPS
    usleep(2000);
#elif defined COUNTS
    if (state->rows > 5) return PIPES_SKIP;
#elif defined KEEPS_RESULTS_IN_ITS_STATE
    size = size < sizeof state->buffer ? size : 0;
    memcpy(state->buffer, text, size);
    *result = pipes_string(state->buffer, size);
    return PIPES_OK;
#endif
#if defined WRITES_BEHIND_ITS_MEMORY
    char *copy = pipes_alloc(call, size);
#elif defined BUFFER_OF_ALL_THREADS
    /* The text waits in a buffer of all threads until there is memory for it. */
    memcpy(buffer, text, size);
    char *copy = pipes_alloc(call, size + 1);
    text = buffer;
#elif defined BUFFER_OF_ALL_THREADS_AT_LAST
    char *copy = pipes_alloc(call, size + 1);
    volatile char *shared = buffer;
    for (uint64_t place = 0; place < size; place++) shared[place] = text[place];
    text = buffer;
#else
    char *copy = pipes_alloc(call, size + 1);
#endif
#if !defined TRUSTS_IN_MEMORY
    if (!copy) return PIPES_RETRY;
#endif
    memcpy(copy, text, size);
#if defined YIELDS_MEMORY_OF_THE_LAST_CALL
    pipes_value last = state->result;
    state->result = pipes_string(copy, size);
    *result = last.kind == PIPES_STRING ? last : state->result;
    return PIPES_OK;
#elif defined WRITES_IN_FRONT_OF_ITS_MEMORY
    ((volatile char *)copy)[-1] = 0;
#endif
#if defined WRITES_BEHIND_ITS_MEMORY
    copy[size + 8] = '!';
    *result = pipes_string(copy, size);
#else
    copy[size] = '!';
    *result = pipes_string(copy, size + 1);
#endif
    return PIPES_OK;
}

static const pipes_param params[] = {
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_INT,
     .name = "num",
     .help = "A number.",
     .fallback = "3",
     .minimum = "0"},
    {.struct_size = sizeof(pipes_param),
     .kind = PIPES_STRING,
     .name = "mark",
     .help = "A text.",
     .fallback = "\"!\""},
};

static const pipes_port text[] = {PIPES_PORT(PIPES_STRING, "text", "any text")};
#if defined YIELDS_HALF_A_TRUTH || defined YIELDS_A_TENSOR_OF_NOTHING ||                           \
    defined YIELDS_A_TENSOR_OF_ANOTHER_SIZE
static const pipes_port out[] = {PIPES_PORT(PIPES_ANY, "value", "any value")};
#else
static const pipes_port out[] = {PIPES_PORT(PIPES_STRING, "text", "a text")};
#endif

static const pipes_processor processors[] = {
    {
        .struct_size = sizeof(pipes_processor),
        .flags = 0
#if defined SLEEPS
                 | PIPES_NONBLOCKING
#elif defined COUNTS || defined WRITES_A_FILE
                 | PIPES_PURE
#elif defined BUFFER_OF_ALL_THREADS || defined BUFFER_OF_ALL_THREADS_AT_LAST
                 | PIPES_CONCURRENT
#elif defined SAYS_PURE_AND_HOLDS
                 | PIPES_PURE
#elif !defined USES_AN_OLD_CALL && !defined LOOKS_AT_THE_LAST_ROW
                 | PIPES_NONBLOCKING
#endif
        ,
        .name = "loud",
#if !defined NO_SUMMARY
        .summary = "Adds an exclamation mark.",
#endif
#if defined SAYS_PURE_AND_HOLDS
        .holds = "3",
#endif
        .params = params,
        .param_count = 2,
        .input_count = 1,
        .inputs = text,
        .output_count = 1,
        .outputs = out,
        .open = open_node,
        .map = loud,
        .close = close_node,
    },
};

#if defined ANSWERS_ANOTHER_EACH_TIME
PIPES_EXPORT const pipes_plugin *pipes_plugin_v1(const pipes_host *host) {
    (void)host;
    pipes_plugin *plugin = calloc(1, sizeof *plugin);
    if (!plugin) return NULL;
    plugin->struct_size = sizeof *plugin;
    plugin->name = "rules";
    plugin->version = "1.0.0";
    plugin->summary = "Breaks a rule.";
    plugin->processors = processors;
    plugin->processor_count = 1;
    return plugin;
}
#elif defined ENTRY_STARTS_A_THREAD || defined ENTRY_PRINTS
static void *wait_on(void *context) {
    for (;;) pause();
    return context;
}

PIPES_EXPORT const pipes_plugin *pipes_plugin_v1(const pipes_host *host) {
    static const pipes_plugin plugin = {
        .struct_size = sizeof plugin, .name = "rules", .version = "1.0.0",
        .summary = "Breaks a rule.", .processors = processors, .processor_count = 1};
    (void)host;
#if defined ENTRY_PRINTS
    puts("hello");
    (void)wait_on;
#else
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_on, NULL) == 0) pthread_detach(thread);
#endif
    return &plugin;
}
#elif defined VERSION_IS_A_WORD
PIPES_PLUGIN("rules", "new", "Breaks a rule.", processors)
#else
PIPES_PLUGIN("rules", "1.0.0", "Breaks a rule.", processors)
#endif
