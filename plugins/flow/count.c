/* flow.count */
#include "flow.h"

#include <stdlib.h>

pipes_status count_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state) {
    (void)args;
    (void)count;
    int64_t *rows = calloc(1, sizeof *rows);
    if (!rows) return flow_refuse(host, node, "no memory");
    *state = rows;
    return PIPES_OK;
}

pipes_status count_process(void *state, pipes_call *call, const pipes_batch *batch) {
    (void)call;
    *(int64_t *)state += (int64_t)batch->count;
    return PIPES_OK;
}

pipes_status count_flush(void *state, pipes_call *call) {
    return pipes_emit(call, PIPES_NO_ROW, pipes_int(*(int64_t *)state));
}
