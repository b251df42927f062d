#include "cguard.h"

#include <cstring>
#include <exception>

namespace {

void note(cguard_thrown *thrown, const char *text) noexcept {
    thrown->is_thrown = true;
    std::strncpy(thrown->text, text, sizeof thrown->text - 1);
    thrown->text[sizeof thrown->text - 1] = 0;
}

/// Costs nothing where nothing is thrown.
template <typename Answer, typename Body>
Answer guarded(Answer refusal, cguard_thrown *thrown, Body body) noexcept {
    try {
        return body();
    } catch (const std::exception &exception) {
        note(thrown, exception.what());
    } catch (...) {
        note(thrown, "no std::exception");
    }
    return refusal;
}

/// Whether a value is of the kind, one that needs no look inside, and all is well with it.
inline bool is_plain(const pipes_value &value, pipes_kind kind, uint64_t largest_size) {
    if (value.kind != kind && kind != PIPES_ANY) return false;
    if (value.kind <= PIPES_FLOAT) return true;
    return value.kind <= PIPES_BYTES && value.size <= largest_size && (value.text || !value.size);
}

using map_function = pipes_status(void *, pipes_call *, const pipes_value *, pipes_value *);

/// `done` counts the rows also where the function throws, or does not return.
template <typename Check>
inline pipes_status map_rows(map_function *function, void *state, pipes_call *call,
                             const cguard_rows &rows, size_t *done, Check is_expected) {
    // Whatever a call does to memory, it does nothing to these.
    const uint8_t *const attention = rows.attention;
    const size_t width = rows.width;
    const pipes_value *row = rows.rows;
    pipes_value *result = rows.results;
    for (pipes_value *const end = result + rows.count; result != end; row += width, result++) {
        *result = pipes_null();
        const pipes_status answer = function(state, call, row, result);
        if (answer != PIPES_OK || __atomic_load_n(attention, __ATOMIC_RELAXED) || call->port || !is_expected(*result)) return answer;
        ++*done;
    }
    return PIPES_OK;
}

} // namespace

pipes_status cguard_open(pipes_status (*function)(const pipes_host *, pipes_node *,
                                                  const pipes_value *, size_t, void **),
                         const pipes_host *host, pipes_node *node, const pipes_value *args,
                         size_t count, void **state, cguard_thrown *thrown) {
    return guarded<pipes_status>(PIPES_REJECT, thrown,
                                 [=] { return function(host, node, args, count, state); });
}

pipes_status cguard_call(pipes_status (*function)(void *, pipes_call *), void *state,
                         pipes_call *call, cguard_thrown *thrown) {
    return guarded<pipes_status>(PIPES_REJECT, thrown, [=] { return function(state, call); });
}

size_t cguard_map(map_function *function, void *state, pipes_call *call, const cguard_rows *rows,
                  pipes_status *status, cguard_thrown *thrown) {
    size_t *const done = cguard_begin_rows(rows->done);
    const size_t first = *done;
    *status = guarded<pipes_status>(PIPES_REJECT, thrown, [&] {
        const pipes_kind kind = rows->kind;
        const uint64_t largest_size = rows->largest_size;
        // Numbers, which are checked by one comparison, have a loop of their own.
        if (kind <= PIPES_FLOAT) {
            return map_rows(function, state, call, *rows, done,
                            [=](const pipes_value &value) { return value.kind == kind; });
        }
        return map_rows(function, state, call, *rows, done, [=](const pipes_value &value) {
            return is_plain(value, kind, largest_size);
        });
    });
    return *done - first;
}

pipes_status cguard_process(pipes_status (*function)(void *, pipes_call *, const pipes_batch *),
                            void *state, pipes_call *call, const pipes_batch *batch,
                            cguard_thrown *thrown) {
    return guarded<pipes_status>(PIPES_REJECT, thrown,
                                 [=] { return function(state, call, batch); });
}

void cguard_cancel(void (*function)(void *, pipes_ticket, void *), void *state, pipes_ticket ticket,
                   void *context, cguard_thrown *thrown) {
    guarded<bool>(false, thrown, [=] { return function(state, ticket, context), true; });
}

void cguard_tell(void (*function)(void *), void *state, cguard_thrown *thrown) {
    guarded<bool>(false, thrown, [=] { return function(state), true; });
}
