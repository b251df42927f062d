import Foundation
import Testing

/// Does what the command tells a new author to do, as it says it.
@Suite("new")
struct NewCommandTests {
    /// The lines that are to be typed.
    private func commands(_ output: String) -> [String] {
        output.split(separator: "\n").filter { $0.hasPrefix("    ") }.map {
            String($0.dropFirst(4))
        }
    }

    private static func isInstalled(_ program: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
    }

    @Test(
        "a project in C is built, run and tested by the commands that are printed",
        .enabled(if: isInstalled("pkg-config"), "there is no pkg-config here"))
    func projectInC() async throws {
        let folder = try Scratch().folder
        let made = try await Command.host(["new", "c", "shouter"], in: folder).outcome()
        let header = "\(Command.checkout.path)/Packaging/pkgconfig"
        #expect(
            made.output == """
                shouter: a plugin in C with the processor shouter.mark. To build, run and test it:

                    export PKG_CONFIG_PATH=\(header)
                    cd shouter
                    make
                    make run
                    make test

                """)
        #expect(made.errors == "")
        #expect(made.code == 0)

        let script = commands(made.output).joined(separator: "\n")
        let used = try await Command.shell("set -e\n\(script)", in: folder).outcome()
        #expect(used.code == 0, "\(used.errors)")
        #expect(used.output.contains("\none!\ntwo!\nthree!\n"))
        #expect(used.output.hasSuffix("\ngraph.json: 1 test, 1 passed, 0 failed\n"))

        // The test is one that can fail.
        let failed = try await Command.shell(
            "cd shouter; sed -i 's/text, added->text/text, row->text/' shouter.c; make test",
            in: folder
        ).outcome()
        #expect(failed.code != 0)
    }

    @Test(
        "a project in C is built where the folder of the header has a blank in its name",
        .enabled(if: isInstalled("pkg-config"), "there is no pkg-config here"))
    func blankInPrefix() async throws {
        let folder = try Scratch().folder
        let used = try await Command.shell(
            """
            set -e
            mkdir -p 'moved inst/lib/pkgconfig'
            cp -r "$CHECKOUT/include" 'moved inst/include'
            cp "$CHECKOUT/Packaging/pkgconfig/pipes.pc" 'moved inst/lib/pkgconfig/'
            export PKG_CONFIG_PATH="$PWD/moved inst/lib/pkgconfig"
            pipes-host new c shouter
            cd shouter
            make
            make test
            """, environment: ["CHECKOUT": Command.checkout.path], in: folder
        ).outcome()
        #expect(used.code == 0, "\(used.errors)")
        #expect(used.output.hasSuffix("\ngraph.json: 1 test, 1 passed, 0 failed\n"))
    }

    @Test(
        "a project in C says what it lacks, once, where there is no header",
        .enabled(if: isInstalled("pkg-config"), "there is no pkg-config here"))
    func missingHeader() async throws {
        let environment = ["PKG_CONFIG_PATH": "", "PKG_CONFIG_LIBDIR": "/nowhere", "LC_ALL": "C"]
        let asked = try await Command.shell(
            "pkg-config --print-errors --exists pipes", environment: environment
        ).outcome()
        #expect(asked.errors != "")
        let used = try await Command.shell(
            "pipes-host new c shouter > made && cd shouter && make", environment: environment,
            in: try Scratch().folder
        ).outcome()
        #expect(used.output == "")
        #expect(
            used.errors
                == "\(asked.errors)make: *** [Makefile:8: plugins/shouter.so] Error 1\n")
        #expect(used.code != 0)
    }

    @Test(
        "a project in C is built and tested by CMake too",
        .enabled(
            if: isInstalled("pkg-config") && isInstalled("cmake"), "there is no CMake here"))
    func cmake() async throws {
        let folder = try Scratch().folder
        let outcome = try await Command.shell(
            """
            set -e
            pipes-host new c shouter
            cd shouter
            cmake -B build
            cmake --build build
            ctest --test-dir build
            """, environment: ["PKG_CONFIG_PATH": "\(Command.checkout.path)/Packaging/pkgconfig"],
            in: folder
        ).outcome(within: 300)
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("100% tests passed"))
    }

    @Test(
        "a project in Swift is built, run and tested by the commands that are printed",
        .timeLimit(.minutes(15)))
    func projectInSwift() async throws {
        let folder = try Scratch().folder
        let made = try await Command.host(["new", "swift", "shouter"], in: folder).outcome()
        #expect(
            made.output == """
                shouter: a plugin in Swift with the processor shouter.mark. To build, run and test it:

                    cd shouter
                    swift build
                    pipes-host run graph.json --plugins .build/debug
                    pipes-host test graph.json --plugins .build/debug

                """)
        #expect(made.errors == "")
        #expect(made.code == 0)
        let script = commands(made.output).joined(separator: "\n")
        let used = try await Command.shell("set -e\n\(script)", in: folder).outcome(within: 840)
        #expect(used.code == 0, "\(used.errors)")
        #expect(used.output.contains("\none!\ntwo!\nthree!\n"))
        #expect(used.output.hasSuffix("\ngraph.json: 1 test, 1 passed, 0 failed\n"))
    }

    @Test(
        "a name that can't be is refused, and nothing is made",
        arguments: [
            (
                "1st",
                "\"1st\": error: can't be a plugin's name: it wants a letter, and then letters, "
                    + "digits and _, such as my_plugin: a graph names the plugin so, and a "
                    + "compiler does too\n"
            ),
            (
                "class",
                "\"class\": error: can't be a plugin's name: compilers have that word for "
                    + "something else\n"
            ),
            (
                String(repeating: "a", count: 65),
                "\"\(String(repeating: "a", count: 65))\": error: can't be a plugin's name: "
                    + "it is longer than 64 characters\n"
            ),
            (
                "strings",
                "strings: error: there is a plugin of that name already, "
                    + "\(Command.products.path)/libstrings.so, and a graph could name only one of "
                    + "them; take another name\n"
            ),
        ])
    func unfitNames(name: String, message: String) async throws {
        let folder = try Scratch().folder
        let outcome = try await Command.host(["new", "c", name], in: folder).outcome()
        #expect(outcome.errors == message)
        #expect(outcome.output == "")
        #expect(outcome.code == 1)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/\(name)"))
    }

    @Test("a folder that is there is left alone")
    func existingFolder() async throws {
        let scratch = try Scratch()
        try scratch.write("mine", to: "shouter")
        let outcome = try await Command.host(["new", "c", "shouter"], in: scratch.folder).outcome()
        #expect(
            outcome.errors
                == "shouter: error: is here already, and is left alone; take another name, or "
                + "remove it\n")
        #expect(outcome.code == 1)
        #expect(try scratch.read("shouter") == "mine")
    }

    @Test("a package that is not there is refused")
    func missingPackage() async throws {
        let folder = try Scratch().folder
        let missing = try await Command.host(
            ["new", "swift", "shouter", "--package", "nowhere"], in: folder
        ).outcome()
        #expect(missing.errors == "nowhere: error: No such file or directory\n")
        #expect(missing.code == 1)
        let empty = try await Command.host(
            ["new", "swift", "shouter", "--package", "."], in: folder
        ).outcome()
        #expect(
            empty.errors
                == ".: error: there is no Package.swift in it; it wants the folder PipesPlugin\n")
        #expect(empty.code == 1)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/shouter"))
    }
}
