extension Project {
    /// A plugin in C, built by make or by CMake; both ask pkg-config for the header.
    static func inC(_ name: ProjectName) -> Project {
        Project(
            files: [
                File(path: "\(name.text).c", text: cSource(name.text)),
                File(path: "Makefile", text: makefile(name.text)),
                File(path: "CMakeLists.txt", text: cmakeLists(name.text)),
                graph(name), input,
                File(path: ".gitignore", text: "plugins/\nbuild/\n"),
                File(path: "README.md", text: readmeInC(name.text)),
            ],
            commands: ["make", "make run", "make test"])
    }

    private static func cSource(_ name: String) -> String {
        """
        #include <pipes/pipes.h>
        #include <string.h>

        /* The args, in the order of the params below: checked, with their defaults, alive until close. */
        static pipes_status open_mark(const pipes_host *host, pipes_node *node, const pipes_value *args,
                                      size_t count, void **state) {
            (void)host, (void)node, (void)count;
            *state = (void *)args;
            return PIPES_OK;
        }

        /* Each row: a text comes in, a longer one goes out. */
        static pipes_status mark(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
            const pipes_value *added = state;
            char *text = pipes_alloc(call, row->size + added->size);
            if (!text) return PIPES_RETRY;
            memcpy(text, row->text, row->size);
            memcpy(text + row->size, added->text, added->size);
            *result = pipes_string(text, row->size + added->size);
            return PIPES_OK;
        }

        static const pipes_param params[] = {PIPES_PARAM(PIPES_STRING, "mark", "\\"!\\"", "What is added.")};
        static const pipes_port text[] = {PIPES_PORT(PIPES_STRING, "text", "any text")};

        static const pipes_processor processors[] = {
            {.struct_size = sizeof(pipes_processor),
             .flags = PIPES_CONCURRENT | PIPES_NONBLOCKING | PIPES_PURE,
             .name = "mark",
             .summary = "Adds a mark to each text.",
             .params = params,
             .param_count = 1,
             .inputs = text,
             .input_count = 1,
             .outputs = text,
             .output_count = 1,
             .open = open_mark,
             .map = mark},
        };
        PIPES_PLUGIN("\(name)", "0.1.0", "Marks texts.", processors)

        """
    }

    private static func makefile(_ name: String) -> String {
        """
        # Builds the plugin, runs its graph and tests it.
        CFLAGS = -std=c11 -O2 -g -Wall -Wextra -Wpedantic
        # By make and not in the recipe: pkg-config writes a path with blanks as a shell reads it.
        PIPES_CFLAGS = $(shell pkg-config --cflags --silence-errors pipes)
        PIPES_HOST = pipes-host

        plugins/\(name).so: \(name).c
        \t@pkg-config --print-errors --exists pipes
        \tmkdir -p plugins
        \t$(CC) $(CFLAGS) -fPIC -shared -fvisibility=hidden $(PIPES_CFLAGS) -o $@ \(name).c

        .PHONY: run test clean
        run: plugins/\(name).so
        \t$(PIPES_HOST) run graph.json

        test: plugins/\(name).so
        \t$(PIPES_HOST) test graph.json

        clean:
        \trm -rf plugins build

        """
    }

    private static func cmakeLists(_ name: String) -> String {
        """
        cmake_minimum_required(VERSION 3.13)
        project(\(name) C)

        find_package(PkgConfig REQUIRED)
        pkg_check_modules(PIPES REQUIRED pipes)

        # A module is loaded, never linked with; its file is \(name).so, in a folder that is searched.
        add_library(\(name) MODULE \(name).c)
        target_include_directories(\(name) PRIVATE ${PIPES_INCLUDE_DIRS})
        set_target_properties(\(name) PROPERTIES
            PREFIX "" C_STANDARD 11 C_VISIBILITY_PRESET hidden
            LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/plugins)

        enable_testing()
        add_test(NAME graph COMMAND pipes-host test graph.json
            WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})

        """
    }

    private static func readmeInC(_ name: String) -> String {
        """
        # \(name)

        A plugin for pipes-host with one processor, `\(name).mark`, in [\(name).c](\(name).c).

        ```sh
        make
        make run
        make test
        ```

        or, with CMake, `cmake -B build && cmake --build build && ctest --test-dir build`. The plugin is
        `plugins/\(name).so`: `pipes-host` looks for plugins beside the graph file. The test stands in
        [graph.json](graph.json): rows for its source, and what must come of them.

        `pipes-host inspect \(name).mark` shows what the processor says of itself. `pipes.h` is the whole contract.

        """
    }
}
