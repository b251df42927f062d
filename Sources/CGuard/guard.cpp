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

pipes_status cguard_map(pipes_status (*function)(void *, pipes_call *, const pipes_value *,
                                                 pipes_value *),
                        void *state, pipes_call *call, const pipes_value *row, pipes_value *result,
                        cguard_thrown *thrown) {
    return guarded<pipes_status>(PIPES_REJECT, thrown,
                                 [=] { return function(state, call, row, result); });
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
