/* flow.range */
#include "flow.h"

#include <stdlib.h>

struct range {
    uint64_t next, step; /* INTs as their bits: unsigned numbers may wrap */
    uint64_t left;       /* numbers still to come */
};

/* Known beforehand, so that the last step never has to pass the end of what an INT can be. */
static uint64_t numbers_in(int64_t start, int64_t end, int64_t step) {
    if (step > 0 ? start >= end : start <= end) return 0;
    uint64_t distance =
        step > 0 ? (uint64_t)end - (uint64_t)start : (uint64_t)start - (uint64_t)end;
    uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    return (distance - 1) / stride + 1;
}

pipes_status range_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state) {
    (void)count;
    int64_t start = args[0].integer, end = args[1].integer, step = args[2].integer;
    if (!step) return flow_refuse(host, node, "step is 0: the numbers would never end");
    struct range *range = malloc(sizeof *range);
    if (!range) return flow_refuse(host, node, "no memory");
    *range = (struct range){(uint64_t)start, (uint64_t)step, numbers_in(start, end, step)};
    *state = range;
    return PIPES_OK;
}

pipes_status range_produce(void *state, pipes_call *call) {
    struct range *range = state;
    struct range after = *range;
    for (uint64_t rows = 0; rows < call->demand && after.left; rows++) {
        pipes_status status = pipes_emit(call, PIPES_NO_ROW, pipes_int((int64_t)after.next));
        if (status != PIPES_OK) return status; /* thrown away, and made again in the next call */
        after.next += after.step;
        after.left--;
    }
    *range = after;
    return after.left ? PIPES_OK : PIPES_END;
}
