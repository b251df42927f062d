# What there is to do with a checkout. `make demo` is the place to start.

# A target may import only what Package.swift says it depends on: that keeps the layers.
BUILD_FLAGS = --explicit-target-dependency-import-check error
HOST = .build/debug/pipes-host
# All at once they would take one another's time, and many are about time.
TEST_FLAGS = --experimental-maximum-parallelization-width 4
SWIFT_CODE = Package.swift Sources plugins Tests Examples Packaging \
    Benchmarks/Package.swift Benchmarks/Sources Benchmarks/Workloads
# But for pipes.h, whose tables are set by hand, what must look as in the README, and what a
# program wrote.
# Examples that hold tests and need nothing but the built-in plugins.
TESTED_GRAPHS = Examples/checksums/graph.json Examples/slow-requests/graph.json \
    Examples/word-count/graph.json
C_CODE = $(shell find Sources plugins Tests Benchmarks/Sources -name '*.c' -o -name '*.h' | \
    grep -v case_tables.h)

# Where an install goes; below DESTDIR, where that is set.
PREFIX = /usr/local
# In a folder of its own, since it differs: the Swift runtime is looked for beside the program.
# Planned anew each time: with a kept plan SwiftPM 6.3 stops a second build at "unknown build
# description".
RELEASE_FLAGS = -c release --disable-build-manifest-caching --scratch-path .build-release -Xswiftc -no-toolchain-stdlib-rpath \
    -Xlinker -rpath -Xlinker '$$ORIGIN/../lib/pipes-host' \
    -Xlinker -rpath -Xlinker '$$ORIGIN/../pipes-host' -Xlinker -soname=pipes-host-plugin

# For release: what is measured is what users get.
BENCHMARKS = swift build -c release --package-path Benchmarks
# A build of its own for counting instructions: valgrind 3.19 reads neither the debug information
# nor one of the dynamic libraries of Swift 6.3.
GUARD = $(BENCHMARKS) --scratch-path Benchmarks/.build-guard --static-swift-stdlib \
    -debug-info-format none

.PHONY: demo build test headers examples schema docs bench guard sanitize nightly lint format clean libraries
.PHONY: release install uninstall deb package-test

demo: build ## Builds all and runs the first example: pairs of texts, then the ledger.
	$(HOST) run Examples/readme/graph.json --progress always

build: libraries ## Builds pipes-host and its plugins, for debugging.
	swift build $(BUILD_FLAGS)

test: libraries headers ## Builds all and runs every test, the examples among them.
	$(MAKE) -s -C Tests/PluginHarness
	swift build --build-tests $(BUILD_FLAGS)
	$(MAKE) --no-print-directory examples schema
	.ci/make-docs
	.ci/run-tests --skip-build --disable-xctest $(TEST_FLAGS)

examples: ## The examples that are projects of their own, built and run as their authors would.
	$(MAKE) -s -C Examples/c-plugin run PIPES_HOST=$(CURDIR)/$(HOST) \
	    | diff - Examples/c-plugin/expected.txt
	$(MAKE) -s -C Examples/c-plugin test PIPES_HOST=$(CURDIR)/$(HOST)
	for graph in $(TESTED_GRAPHS); do $(HOST) test $$graph || exit 1; done
	.build/debug/embedding | diff - Examples/embedding/expected.txt
	.ci/check-languages
	.ci/check-tutorials .build/debug Packaging/pkgconfig
	PATH="$(CURDIR)/.build/debug:$$PATH" .ci/check-completions

schema: ## The JSON Schema of graph files, judged by a validator from PyPI.
	.ci/check-schema

docs: build ## The reference documentation, in .build/docs; a warning is an error.
	.ci/make-docs

bench: libraries ## Measures all workloads against plain C, and prints and keeps the table.
	$(BENCHMARKS)
	for product in pipes-host io strings flow; do \
	    $(BENCHMARKS) --product $$product || exit 1; done
	swift package --package-path Benchmarks benchmark --format jmh \
	    --path $(CURDIR)/Benchmarks/.build --quiet --no-progress
	Benchmarks/summarize Benchmarks/.build/Current_run.jmh.json \
	    $(if $(filter small,$(PIPES_BENCH_SIZE)),,--keep)

guard: libraries ## Counts the instructions of a row, and fails where they have become more.
	@if command -v valgrind > /dev/null; then \
	    $(GUARD) --product guarded && $(GUARD) --product measured; fi
	Benchmarks/guard

sanitize: libraries ## Tests of the runtime, the plugin host and the plugins with the sanitizers.
	$(MAKE) -s -C Tests/PluginHarness SANITIZE=address,undefined
	$(MAKE) -s -C Tests/PluginHarness SANITIZE=thread
	.ci/sanitize address
	.ci/sanitize thread

# The heavier forms of tests: thousands of random graphs from a seed of the day, a million rows, a
# hundred signals, and as fast as a release build must be. Not by `swift test`: it plans the finished
# build anew here, and then finds no tests.
nightly: PIPES_FIRST_SEED ?= $(shell date +%s)
nightly: libraries ## What takes too long for every change.
	swift build --build-tests -c release --disable-build-manifest-caching \
	    --scratch-path .build-nightly -Xswiftc -enable-testing
	@echo "random graphs from seed $(PIPES_FIRST_SEED)"
	PIPES_GRAPHS=3000 PIPES_FIRST_SEED=$(PIPES_FIRST_SEED) PIPES_ROWS=1000000 PIPES_STOPS=100 \
	    PIPES_DEFERRAL_MILLISECONDS=150 \
	    .build-nightly/release/pipes-hostPackageTests.xctest --testing-library swift-testing \
	    --no-parallel --filter 'Random|JoinAtScale|HeldRows'

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

release: libraries ## Builds what install and deb take.
	swift build $(BUILD_FLAGS) $(RELEASE_FLAGS)

install: release ## Installs the host, its plugins, pipes.h, completions and man pages in PREFIX.
	PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' Packaging/install

uninstall: ## Removes what install put in PREFIX.
	PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' Packaging/uninstall

deb: release ## A Debian package, in .build-release.
	Packaging/deb .build-release

package-test: release ## Installs, uses and removes the Debian package in a clean root.
	.ci/check-install
	.ci/check-package

clean: ## Forgets what was built.
	swift package clean
	rm -rf .build-release

libraries: ## What apt-get must bring before a build; asks nothing where it is there.
	@.ci/install-libraries
