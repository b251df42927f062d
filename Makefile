# What there is to do with a checkout. `make demo` is the place to start.

# A target may import only what Package.swift says it depends on: that keeps the layers.
BUILD_FLAGS = --explicit-target-dependency-import-check error
HOST = .build/debug/pipes-host
SWIFT_CODE = Package.swift Sources plugins Tests Examples
# But for pipes.h, whose tables are set by hand, what must look as in the README, and what a
# program wrote.
# Examples that hold tests and need nothing but the built-in plugins.
TESTED_GRAPHS = Examples/checksums/graph.json Examples/slow-requests/graph.json \
    Examples/word-count/graph.json
C_CODE = $(shell find Sources plugins Tests -name '*.c' -o -name '*.h' | grep -v case_tables.h)

.PHONY: demo build test headers examples schema sanitize lint format clean libraries

demo: build ## Builds all and runs the first example: pairs of texts, then the ledger.
	$(HOST) run Examples/readme/graph.json --progress always

build: libraries ## Builds pipes-host and its plugins, for debugging.
	swift build $(BUILD_FLAGS)

test: libraries headers ## Builds all and runs every test, the examples among them.
	$(MAKE) -s -C Tests/PluginHarness
	swift build --build-tests $(BUILD_FLAGS)
	$(MAKE) --no-print-directory examples schema
	swift test --skip-build --disable-xctest

examples: ## The examples that are projects of their own, built and run as their authors would.
	$(MAKE) -s -C Examples/c-plugin run PIPES_HOST=$(CURDIR)/$(HOST) \
	    | diff - Examples/c-plugin/expected.txt
	$(MAKE) -s -C Examples/c-plugin test PIPES_HOST=$(CURDIR)/$(HOST)
	for graph in $(TESTED_GRAPHS); do $(HOST) test $$graph || exit 1; done
	.build/debug/embedding | diff - Examples/embedding/expected.txt

schema: ## The JSON Schema of graph files, judged by a validator from PyPI.
	.ci/check-schema

sanitize: libraries ## The plugins in C with the sanitizers of the C compiler: memory, then threads.
	$(MAKE) -s -C Tests/PluginHarness SANITIZE=address,undefined
	$(MAKE) -s -C Tests/PluginHarness SANITIZE=thread

headers: ## The header on its own, in each language it is meant for.
	.ci/check-headers

lint: ## The format of all code, and the links in the docs.
	swift format lint --strict --parallel --recursive $(SWIFT_CODE)
	@if command -v clang-format > /dev/null; then \
	    echo clang-format --dry-run --Werror; clang-format --dry-run --Werror $(C_CODE); \
	else echo "lint: no clang-format here, so the format of C is not checked"; fi
	.ci/check-links

format: ## Puts all code into the form that lint asks for.
	swift format format --in-place --parallel --recursive $(SWIFT_CODE)
	@if command -v clang-format > /dev/null; then clang-format -i $(C_CODE); fi

clean: ## Forgets what was built.
	swift package clean

libraries: ## What apt-get must bring before a build; asks nothing where it is there.
	@.ci/install-libraries
