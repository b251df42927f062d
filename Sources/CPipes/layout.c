/* The layout of every ABI struct, checked when the header is compiled: a plugin built years ago
 * must find each field where it was. 64-bit only, as the design says. */
#include <pipes/pipes.h>
#include <pipes/tensor.h>

#define SIZE(TYPE, BYTES) _Static_assert(sizeof(TYPE) == (BYTES), #TYPE " has changed its size")
#define OFFSET(TYPE, FIELD, BYTES) \
    _Static_assert(offsetof(TYPE, FIELD) == (BYTES), #TYPE "." #FIELD " has moved")

_Static_assert(sizeof(void *) == 8 && sizeof(size_t) == 8, "pipes.h is for 64-bit machines");

SIZE(pipes_value, 24);
OFFSET(pipes_value, kind, 0);
OFFSET(pipes_value, flags, 4);
OFFSET(pipes_value, integer, 8);
OFFSET(pipes_value, size, 16);

SIZE(pipes_batch, 24);
OFFSET(pipes_batch, count, 0);
OFFSET(pipes_batch, width, 8);
OFFSET(pipes_batch, columns, 16);

SIZE(pipes_ticket, 8);

SIZE(pipes_host, 168);
OFFSET(pipes_host, struct_size, 0);
OFFSET(pipes_host, minor, 4);
OFFSET(pipes_host, alloc, 8);
OFFSET(pipes_host, adopt, 16);
OFFSET(pipes_host, emit, 24);
OFFSET(pipes_host, settle, 32);
OFFSET(pipes_host, explain, 40);
OFFSET(pipes_host, hold, 48);
OFFSET(pipes_host, let_go, 56);
OFFSET(pipes_host, defer, 64);
OFFSET(pipes_host, resume, 72);
OFFSET(pipes_host, complete, 80);
OFFSET(pipes_host, cancelled, 88);
OFFSET(pipes_host, stopping, 96);
OFFSET(pipes_host, log, 104);
OFFSET(pipes_host, env, 112);
OFFSET(pipes_host, node_name, 120);
OFFSET(pipes_host, input_count, 128);
OFFSET(pipes_host, output_used, 136);
OFFSET(pipes_host, concurrency, 144);
OFFSET(pipes_host, count, 152);
OFFSET(pipes_host, extension, 160);

SIZE(pipes_timers, 32);
OFFSET(pipes_timers, now, 8);
OFFSET(pipes_timers, start, 16);
OFFSET(pipes_timers, stop, 24);

SIZE(pipes_call, 56);
OFFSET(pipes_call, host, 0);
OFFSET(pipes_call, node, 8);
OFFSET(pipes_call, next, 16);
OFFSET(pipes_call, end, 24);
OFFSET(pipes_call, demand, 32);
OFFSET(pipes_call, width, 40);
OFFSET(pipes_call, port, 48);

SIZE(pipes_param, 56);
OFFSET(pipes_param, kind, 4);
OFFSET(pipes_param, name, 8);
OFFSET(pipes_param, help, 16);
OFFSET(pipes_param, fallback, 24);
OFFSET(pipes_param, choices, 32);
OFFSET(pipes_param, minimum, 40);
OFFSET(pipes_param, maximum, 48);

SIZE(pipes_port, 24);
OFFSET(pipes_port, kind, 4);
OFFSET(pipes_port, name, 8);
OFFSET(pipes_port, help, 16);

SIZE(pipes_processor, 152);
OFFSET(pipes_processor, flags, 4);
OFFSET(pipes_processor, name, 8);
OFFSET(pipes_processor, summary, 16);
OFFSET(pipes_processor, params, 24);
OFFSET(pipes_processor, param_count, 32);
OFFSET(pipes_processor, input_count, 36);
OFFSET(pipes_processor, inputs, 40);
OFFSET(pipes_processor, output_count, 48);
OFFSET(pipes_processor, rate, 52);
OFFSET(pipes_processor, outputs, 56);
OFFSET(pipes_processor, holds, 64);
OFFSET(pipes_processor, open, 72);
OFFSET(pipes_processor, produce, 80);
OFFSET(pipes_processor, map, 88);
OFFSET(pipes_processor, process, 96);
OFFSET(pipes_processor, flush, 104);
OFFSET(pipes_processor, cancel, 112);
OFFSET(pipes_processor, interrupt, 120);
OFFSET(pipes_processor, close, 128);
OFFSET(pipes_processor, function, 136);
OFFSET(pipes_processor, signature, 144);

SIZE(pipes_plugin, 56);
OFFSET(pipes_plugin, minor, 4);
OFFSET(pipes_plugin, name, 8);
OFFSET(pipes_plugin, version, 16);
OFFSET(pipes_plugin, summary, 24);
OFFSET(pipes_plugin, toolchain, 32);
OFFSET(pipes_plugin, processors, 40);
OFFSET(pipes_plugin, processor_count, 48);

/* As dlpack.h 1.x lays out DLDataType and DLTensor. */
SIZE(pipes_dtype, 4);
OFFSET(pipes_dtype, code, 0);
OFFSET(pipes_dtype, bits, 1);
OFFSET(pipes_dtype, lanes, 2);

SIZE(pipes_tensor, 48);
OFFSET(pipes_tensor, data, 0);
OFFSET(pipes_tensor, device_type, 8);
OFFSET(pipes_tensor, device_id, 12);
OFFSET(pipes_tensor, ndim, 16);
OFFSET(pipes_tensor, dtype, 20);
OFFSET(pipes_tensor, shape, 24);
OFFSET(pipes_tensor, strides, 32);
OFFSET(pipes_tensor, byte_offset, 40);
