// A processor that keeps an object between calls: texts rewritten by a regular expression.
#include <pipes/pipes.h>

#include <cstring>
#include <exception>
#include <regex>
#include <string>

namespace {

struct Rewrite {
    std::regex pattern;
    std::string replacement;
};

std::string text_of(const pipes_value &value) { return {value.text, value.size}; }

// The host knows no exceptions: each is caught where it would cross the line.
pipes_status open_rewrite(const pipes_host *host, pipes_node *node, const pipes_value *args,
                          size_t, void **state) {
    try {
        *state = new Rewrite{std::regex(text_of(args[0])), text_of(args[1])};
        return PIPES_OK;
    } catch (const std::exception &error) {
        host->explain(node, nullptr, error.what(), std::strlen(error.what()));
        return PIPES_FATAL;
    }
}

pipes_status replace(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    try {
        const auto &rewrite = *static_cast<const Rewrite *>(state);
        const auto text = std::regex_replace(text_of(*row), rewrite.pattern, rewrite.replacement);
        auto *copy = static_cast<char *>(pipes_alloc(call, text.size()));
        if (!copy) return PIPES_RETRY;
        std::memcpy(copy, text.data(), text.size());
        *result = pipes_string(copy, text.size());
        return PIPES_OK;
    } catch (const std::exception &error) {
        return pipes_explain(call, PIPES_REJECT, error.what());
    }
}

void close_rewrite(void *state) { delete static_cast<Rewrite *>(state); }

const pipes_param params[] = {
    PIPES_PARAM(PIPES_STRING, "pattern", nullptr, "A regular expression, as in ECMAScript."),
    PIPES_PARAM(PIPES_STRING, "with", "\"\"", "What stands in its place: $1 is its first group."),
};
const pipes_port text[] = {PIPES_PORT(PIPES_STRING, "text", "any text")};

const pipes_processor processors[] = {
    {.struct_size = sizeof(pipes_processor),
     .flags = PIPES_CONCURRENT | PIPES_NONBLOCKING | PIPES_PURE,
     .name = "replace",
     .summary = "Replaces what a pattern matches.",
     .params = params,
     .param_count = 2,
     .input_count = 1,
     .inputs = text,
     .output_count = 1,
     .rate = PIPES_RATE_DEFAULT,
     .outputs = text,
     .holds = nullptr,
     .open = open_rewrite,
     .produce = nullptr,
     .map = replace,
     .process = nullptr,
     .flush = nullptr,
     .cancel = nullptr,
     .interrupt = nullptr,
     .close = close_rewrite,
     .function = nullptr,
     .signature = nullptr},
};

}  // namespace

PIPES_PLUGIN("rewrite", "1.0.0", "Regular expressions of C++.", processors)
