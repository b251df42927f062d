// A plugin in C++ that lets an exception out of a call.
#include <pipes/pipes.h>
#include <stdexcept>

static pipes_status throws(void *, pipes_call *, const pipes_value *row, pipes_value *result) {
    if (row->integer == 3) throw std::runtime_error("three is too much");
    if (row->integer == 4) throw 4;
    *result = *row;
    return PIPES_OK;
}

static pipes_status throws_from_process(void *, pipes_call *, const pipes_batch *) {
    throw std::runtime_error("no batches today");
}

static pipes_status throws_from_open(const pipes_host *, pipes_node *, const pipes_value *, size_t,
                                     void **) {
    throw std::runtime_error("not today");
}

static const pipes_port number[] = {PIPES_PORT(PIPES_INT, "number", "any number")};

static pipes_processor make(const char *name) {
    pipes_processor made = {};
    made.struct_size = sizeof made;
    made.name = name;
    made.summary = "";
    made.input_count = made.output_count = 1;
    made.inputs = made.outputs = number;
    return made;
}

static pipes_processor *make_processors() {
    static pipes_processor processors[] = {make("throws"), make("throws_from_process"),
                                          make("throws_from_open")};
    processors[0].map = throws;
    processors[1].process = throws_from_process;
    processors[2].map = throws;
    processors[2].open = throws_from_open;
    return processors;
}

static const pipes_processor *const processors = make_processors();

extern "C" PIPES_EXPORT const pipes_plugin *pipes_plugin_v1(const pipes_host *) {
    static const pipes_plugin plugin = {sizeof(pipes_plugin), PIPES_TARGET_MINOR, "thrower", "1.0.0",
                                        "Throws.", nullptr, processors, 3};
    return &plugin;
}
