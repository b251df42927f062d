/* flow.head */
#include "flow.h"

#include <stdlib.h>

pipes_status head_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                       size_t count, void **state) {
    (void)count;
    int64_t *left = malloc(sizeof *left);
    if (!left) return flow_refuse(host, node, "no memory");
    *left = args[0].integer;
    *state = left;
    return PIPES_OK;
}

pipes_status head_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    (void)call;
    int64_t *left = state;
    if (!*left) return PIPES_END;
    *result = *row;
    return --*left ? PIPES_OK : PIPES_LAST;
}
