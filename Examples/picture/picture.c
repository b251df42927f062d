/* Pictures as TENSORs: read from a PPM file, turned grey, written as the text of a PGM file. */
#include <pipes/tensor.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLOURS = 3, LARGEST_SIDE = 1 << 14 };

/* A picture's numbers, in memory that is free's. NULL with a reason where there are none. */
static uint8_t *read_numbers(FILE *file, int64_t shape[COLOURS], const char **reason) {
    int width, height, largest;
    *reason = "is not a PPM file as text (P3) with colours up to 255";
    if (fscanf(file, "P3 %d %d %d", &width, &height, &largest) != 3) return NULL;
    if (width < 1 || height < 1 || largest != 255) return NULL;
    *reason = "is too large";
    if (width > LARGEST_SIDE || height > LARGEST_SIDE) return NULL;
    size_t count = (size_t)width * (size_t)height * COLOURS;
    uint8_t *numbers = malloc(count);
    if (!numbers) return NULL;
    for (size_t at = 0; at < count; at++) {
        unsigned number;
        if (fscanf(file, "%u", &number) != 1 || number > 255) {
            free(numbers);
            *reason = "ends early, or has a number above 255";
            return NULL;
        }
        numbers[at] = (uint8_t)number;
    }
    shape[0] = height;
    shape[1] = width;
    shape[2] = COLOURS;
    return numbers;
}

static pipes_status read_picture(void *state, pipes_call *call, const pipes_value *row,
                                 pipes_value *result) {
    (void)state;
    int64_t shape[3];
    const char *reason = "can't be opened";
    char path[4096] = "";
    if (row->size < sizeof path) memcpy(path, row->text, row->size);
    FILE *file = fopen(path, "r");
    uint8_t *numbers = file ? read_numbers(file, shape, &reason) : NULL;
    if (file) fclose(file);
    if (!numbers) {
        char text[4096 + 128];
        snprintf(text, sizeof text, "%s %s", path, reason);
        return pipes_explain(call, PIPES_REJECT, text);
    }
    /* The numbers stay where they are: the host frees them with the last batch that has them. */
    pipes_dtype byte = pipes_dtype_of(PIPES_DTYPE_UINT, 8);
    uint64_t size = pipes_dense_bytes(byte, 3, shape);
    if (call->host->adopt(call, size, free, numbers) != PIPES_OK) {
        free(numbers);
        return PIPES_RETRY;
    }
    pipes_tensor *picture = pipes_tensor_at(call, numbers, byte, 3, shape);
    if (!picture) return PIPES_RETRY;
    *result = pipes_tensor_value(picture);
    return PIPES_OK;
}

/* Whether a value is a picture of bytes with so many dimensions, side by side. */
static bool is_picture(const pipes_value *value, int32_t dimensions) {
    const pipes_tensor *tensor = pipes_tensor_of(value);
    return tensor && pipes_tensor_holds(tensor, PIPES_DTYPE_UINT, 8) &&
           tensor->ndim == dimensions && pipes_tensor_is_dense(tensor);
}

static pipes_status turn_grey(void *state, pipes_call *call, const pipes_value *row,
                              pipes_value *result) {
    (void)state;
    const pipes_tensor *picture = pipes_tensor_of(row);
    if (!is_picture(row, 3) || picture->shape[2] != COLOURS)
        return pipes_explain(call, PIPES_REJECT, "wants a TENSOR of u8, height x width x 3");
    /* The same height and width, in memory of the call. */
    pipes_tensor *grey = pipes_tensor_new(call, picture->dtype, 2, picture->shape);
    if (!grey) return PIPES_RETRY;
    const uint8_t *from = pipes_tensor_data(picture);
    uint8_t *to = grey->data;
    uint64_t count = pipes_tensor_bytes(grey);
    for (uint64_t at = 0; at < count; at++, from += COLOURS)
        to[at] = (uint8_t)((299u * from[0] + 587u * from[1] + 114u * from[2]) / 1000);
    *result = pipes_tensor_value(grey);
    return PIPES_OK;
}

static pipes_status write_text(void *state, pipes_call *call, const pipes_value *row,
                               pipes_value *result) {
    (void)state;
    const pipes_tensor *picture = pipes_tensor_of(row);
    if (!is_picture(row, 2))
        return pipes_explain(call, PIPES_REJECT, "wants a TENSOR of u8, height x width");
    const uint8_t *numbers = pipes_tensor_data(picture);
    int64_t height = picture->shape[0], width = picture->shape[1];
    size_t room = 64 + (size_t)pipes_tensor_bytes(picture) * sizeof "255", used;
    char *text = pipes_alloc(call, room);
    if (!text) return PIPES_RETRY;
    used = (size_t)snprintf(text, room, "P2\n%lld %lld\n255", (long long)width, (long long)height);
    for (int64_t at = 0; at < height * width; at++) {
        used += (size_t)snprintf(text + used, room - used, "%c%u", at % width ? ' ' : '\n',
                                 numbers[at]);
    }
    *result = pipes_string(text, used);
    return PIPES_OK;
}

static const pipes_port path[] = {PIPES_PORT(PIPES_STRING, "path", "of a PPM file")};
static const pipes_port picture[] = {PIPES_PORT(PIPES_TENSOR, "picture", "u8, height x width x 3")};
static const pipes_port grey[] = {PIPES_PORT(PIPES_TENSOR, "grey", "u8, height x width")};
static const pipes_port text[] = {PIPES_PORT(PIPES_STRING, "text", "of a PGM file")};

static const pipes_processor processors[] = {
    {.struct_size = sizeof(pipes_processor), .flags = PIPES_CONCURRENT, .name = "read",
     .summary = "The picture in a PPM file (P3).",
     .input_count = 1, .inputs = path, .output_count = 1, .outputs = picture, .map = read_picture},
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_CONCURRENT | PIPES_NONBLOCKING | PIPES_PURE, .name = "grey",
     .summary = "A picture without its colours.",
     .input_count = 1, .inputs = picture, .output_count = 1, .outputs = grey, .map = turn_grey},
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_CONCURRENT | PIPES_NONBLOCKING | PIPES_PURE, .name = "text",
     .summary = "The text of a PGM file (P2) with a grey picture.",
     .input_count = 1, .inputs = grey, .output_count = 1, .outputs = text, .map = write_text},
};
PIPES_PLUGIN("picture", "1.0.0", "Pictures as TENSORs.", processors)
