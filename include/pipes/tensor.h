/*
 * tensor.h - what `ext` of a PIPES_TENSOR points at, and helpers for those who make and read them.
 *
 * It is the DLTensor of DLPack 1.x (dlpack.h of https://github.com/dmlc/dlpack), under a name of its
 * own: pipes_tensor has the same layout, so a pointer to one is a pointer to the other, and dlpack.h
 * may be included or not. The version is that of the struct, which no 1.x has changed; none travels
 * with the value.
 *
 *   - Who owns what. The struct, its shape, its strides and its elements are memory like the text of
 *     a STRING: from pipes_alloc, from adopt, static, or of a borrowed input of the call. The host
 *     calls no deleter. A DLManagedTensorVersioned (or DLManagedTensor) is handed over with adopt,
 *     whose release calls its deleter; `ext` is then the address of its dl_tensor.
 *   - Until when. What a plugin yields must stay as it is as long as its batch. What a plugin gets
 *     is valid until the call returns (a deferred one: until it is completed), or longer with hold.
 *     It is only read: other nodes may have the same tensor.
 *   - Where. On the CPU: device.device_type is kDLCPU (1). data + byte_offset is the first element,
 *     aligned as its type wants it (pipes_tensor_new aligns to 64 bytes).
 *   - `size` of the value is the number of bytes of its elements, side by side: what
 *     pipes_tensor_bytes answers, whatever the strides. 0 leaves it to the host, which works it out.
 *     The limit of an edge in bytes (queue_bytes) counts it.
 *   - strides are in elements, not bytes; NULL says side by side in the order of rows (the last
 *     dimension changes fastest). A tensor with ndim 0 is one element; shape may then be NULL.
 *   - A bool is a byte, 0 or 1.
 */
#ifndef PIPES_TENSOR_H
#define PIPES_TENSOR_H

#include <pipes/pipes.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The type of an element: DLDataType. */
typedef struct pipes_dtype {
    uint8_t code;   /* PIPES_DTYPE_INT ..., those of DLDataTypeCode */
    uint8_t bits;   /* of one lane: 8, 32 ... */
    uint16_t lanes; /* 1, but for vectors */
} pipes_dtype;

enum {
    PIPES_DTYPE_INT = 0,
    PIPES_DTYPE_UINT = 1,
    PIPES_DTYPE_FLOAT = 2,
    PIPES_DTYPE_BFLOAT = 4,
    PIPES_DTYPE_COMPLEX = 5, /* bits of both parts together */
    PIPES_DTYPE_BOOL = 6
};

/* DLTensor. */
typedef struct pipes_tensor {
    void *data;
    int32_t device_type; /* DLDevice: 1 is the CPU */
    int32_t device_id;
    int32_t ndim;
    pipes_dtype dtype;
    int64_t *shape;   /* ndim sizes */
    int64_t *strides; /* ndim of them, or NULL */
    uint64_t byte_offset;
} pipes_tensor;

enum { PIPES_DEVICE_CPU = 1 };

static inline pipes_dtype pipes_dtype_of(uint8_t code, uint8_t bits) {
    pipes_dtype dtype = {code, bits, 1};
    return dtype;
}

/* The tensor of a value, or NULL where it is not a TENSOR. */
static inline const pipes_tensor *pipes_tensor_of(const pipes_value *value) {
    return value->kind == PIPES_TENSOR ? (const pipes_tensor *)value->ext : NULL;
}

/* Whether the elements are of this type, such as PIPES_DTYPE_UINT and 8, one lane each. */
static inline bool pipes_tensor_holds(const pipes_tensor *tensor, uint8_t code, uint8_t bits) {
    return tensor->dtype.code == code && tensor->dtype.bits == bits && tensor->dtype.lanes == 1;
}

/* How many bytes so many dimensions of this type take, side by side; UINT64_MAX where a size is
 * negative or the product is beyond 2^63. */
static inline uint64_t pipes_dense_bytes(pipes_dtype dtype, int32_t ndim, const int64_t *shape) {
    uint64_t bits = (uint64_t)dtype.bits * dtype.lanes;
    bool is_empty = false;
    for (int32_t at = 0; at < ndim; at++) {
        if (shape[at] < 0) return UINT64_MAX;
        if (shape[at] == 0) is_empty = true;
    }
    if (is_empty) return 0;
    for (int32_t at = 0; at < ndim; at++) {
        if (bits > (uint64_t)INT64_MAX / (uint64_t)shape[at]) return UINT64_MAX;
        bits *= (uint64_t)shape[at];
    }
    return (bits + 7) / 8;
}

static inline uint64_t pipes_tensor_bytes(const pipes_tensor *tensor) {
    return pipes_dense_bytes(tensor->dtype, tensor->ndim, tensor->shape);
}

/* Whether the elements lie side by side in the order of rows, so that strides need no look. */
static inline bool pipes_tensor_is_dense(const pipes_tensor *tensor) {
    int64_t expected = 1;
    if (!tensor->strides) return true;
    for (int32_t at = tensor->ndim; at-- > 0;) {
        if (tensor->shape[at] == 0) return true;
        if (tensor->shape[at] != 1 && tensor->strides[at] != expected) return false;
        expected *= tensor->shape[at];
    }
    return true;
}

/* The first element, to be read. */
static inline const void *pipes_tensor_data(const pipes_tensor *tensor) {
    return tensor->data ? (const char *)tensor->data + tensor->byte_offset : NULL;
}

/* A value for a tensor that is complete; the struct and all it points at must live as long as the
 * batch. */
static inline pipes_value pipes_tensor_value(const pipes_tensor *tensor) {
    pipes_value value = {PIPES_TENSOR, 0, {0}, 0};
    value.ext = tensor;
    value.size = pipes_tensor_bytes(tensor);
    return value;
}

/* A tensor whose struct and shape are the call's, and whose elements are at `data`: memory that
 * lives as long as the batch, such as what adopt was given before. NULL without memory (answer
 * PIPES_RETRY), or where the shape can't be. */
static inline pipes_tensor *pipes_tensor_at(pipes_call *call, void *data, pipes_dtype dtype,
                                            int32_t ndim, const int64_t *shape) {
    if (ndim < 0 || pipes_dense_bytes(dtype, ndim, shape) == UINT64_MAX) return NULL;
    pipes_tensor *tensor =
        (pipes_tensor *)pipes_alloc(call, sizeof *tensor + (size_t)ndim * sizeof *shape);
    if (!tensor) return NULL;
    pipes_tensor head = {data, PIPES_DEVICE_CPU, 0, ndim, dtype, NULL, NULL, 0};
    head.shape = (int64_t *)(tensor + 1);
    for (int32_t at = 0; at < ndim; at++) head.shape[at] = shape[at];
    *tensor = head;
    return tensor;
}

/* A new tensor in the memory of the call, its elements side by side and not yet written: write
 * them to data, then yield pipes_tensor_value. NULL as above. */
static inline pipes_tensor *pipes_tensor_new(pipes_call *call, pipes_dtype dtype, int32_t ndim,
                                             const int64_t *shape) {
    pipes_tensor *tensor = pipes_tensor_at(call, NULL, dtype, ndim, shape);
    if (!tensor) return NULL;
    uint64_t bytes = pipes_tensor_bytes(tensor);
    tensor->data = call->host->alloc(call, bytes ? (size_t)bytes : 1, 64);
    return tensor->data ? tensor : NULL;
}

#ifdef __cplusplus
}
#endif
#endif /* PIPES_TENSOR_H */
