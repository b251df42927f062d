/* A value of each kind that JSON doesn't have, by number, for tests of how values are written. */
#include <math.h>
#include <pipes/tensor.h>

static pipes_value small, floats, transposed, large, most, truths, tiny, listed[2], mapped[2];

static pipes_dtype type(uint8_t code, uint8_t bits) { return pipes_dtype_of(code, bits); }

static pipes_value tensor(pipes_tensor *head, void *data, pipes_dtype dtype, int32_t ndim,
                          int64_t *shape) {
    *head = (pipes_tensor){.data = data, .device_type = PIPES_DEVICE_CPU, .ndim = ndim,
                           .dtype = dtype, .shape = shape};
    return pipes_tensor_value(head);
}

static pipes_status open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                         size_t count, void **state) {
    static pipes_tensor heads[7];
    static int64_t picture[] = {2, 2, 3}, two[] = {2}, square[] = {2, 2}, many[] = {100, 100};
    static int64_t strides[] = {1, 2};
    static uint8_t pixels[12], pixel[10000], octet[2] = {1, 0}, eighth[2] = {7, 255};
    static float real[] = {0.1f, NAN};
    static int64_t integers[] = {1, -2, 3, 4};
    static uint64_t unsigned_[] = {1, UINT64_MAX};
    static const uint8_t bytes[] = {0, 255};
    (void)host; (void)node; (void)args; (void)count; (void)state;
    for (uint8_t at = 0; at < 12; at++) pixels[at] = at + 1;
    small = tensor(&heads[0], pixels, type(PIPES_DTYPE_UINT, 8), 3, picture);
    floats = tensor(&heads[1], real, type(PIPES_DTYPE_FLOAT, 32), 1, two);
    transposed = tensor(&heads[2], integers, type(PIPES_DTYPE_INT, 64), 2, square);
    heads[2].strides = strides;
    large = tensor(&heads[3], pixel, type(PIPES_DTYPE_UINT, 8), 2, many);
    most = tensor(&heads[4], unsigned_, type(PIPES_DTYPE_UINT, 64), 1, two);
    truths = tensor(&heads[5], octet, type(PIPES_DTYPE_BOOL, 8), 1, two);
    tiny = tensor(&heads[6], eighth, type(10, 8), 1, two);
    listed[0] = pipes_bytes(bytes, 2);
    listed[1] = pipes_float(-INFINITY);
    mapped[0] = pipes_string("$bytes", 6);
    mapped[1] = pipes_int(1);
    return PIPES_OK;
}

static pipes_status make(void *state, pipes_call *call, const pipes_value *row,
                         pipes_value *result) {
    const pipes_value values[] = {
        small, floats, transposed, large, most, truths, tiny,
        listed[0], pipes_float(NAN), pipes_list(listed, 2), pipes_map(mapped, 1),
    };
    (void)state;
    if (row->integer < 0 || row->integer >= (int64_t)(sizeof values / sizeof values[0])) {
        return pipes_explain(call, PIPES_REJECT, "no such value");
    }
    *result = values[row->integer];
    return PIPES_OK;
}

static pipes_status refuse(void *state, pipes_call *call, const pipes_value *row,
                           pipes_value *result) {
    (void)state; (void)row; (void)result;
    return pipes_explain(call, PIPES_REJECT, "refused");
}

static pipes_status produce(void *state, pipes_call *call) {
    (void)state; (void)call;
    return PIPES_END;
}

static const pipes_port number[] = {PIPES_PORT(PIPES_INT, "number", "which value")};
static const pipes_port any[] = {PIPES_PORT(PIPES_ANY, "value", "the value")};
static const pipes_processor processors[] = {
    {.struct_size = sizeof(pipes_processor), .flags = PIPES_NONBLOCKING, .name = "make",
     .summary = "The value of a number.", .input_count = 1, .inputs = number, .output_count = 1,
     .outputs = any, .open = open, .map = make},
    {.struct_size = sizeof(pipes_processor), .flags = PIPES_NONBLOCKING, .name = "refuse",
     .summary = "Refuses every row.", .input_count = 1, .inputs = any, .output_count = 1,
     .outputs = any, .map = refuse},
    {.struct_size = sizeof(pipes_processor), .flags = PIPES_NONBLOCKING, .name = "source",
     .summary = "Yields nothing.", .output_count = 1, .outputs = any, .produce = produce},
};
PIPES_PLUGIN("values", "1.0.0", "Values that JSON doesn't have.", processors)
