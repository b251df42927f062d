import Foundation
import PipesCore
import PipesPluginHost
import Testing

@Suite("PluginCatalog")
struct PluginCatalogTests {
    private let workshop: PluginWorkshop

    init() throws {
        workshop = try PluginWorkshop()
    }

    private var folder: String { workshop.folder }

    /// The only message, about the coro.
    private func message(
        _ coro: String, signature: String? = nil, in folders: [String]? = nil
    ) -> String? {
        let errors = workshop.catalog(folders).mistakes(
            coro, signature: signature, graphFolder: folder)
        guard errors.count == 1, errors[0].subject == .coro else { return nil }
        return errors[0].message
    }

    @Test("a processor is found by plugin and name, and loaded once")
    func found() throws {
        try workshop.build("descriptor.c", as: "libdescriptor.so")
        let catalog = workshop.catalog()
        let processor = try catalog.processor(
            coro: "descriptor.collect", signature: nil, graphFolder: nil
        ).get()
        #expect(processor.description.name == "collect")
        #expect(processor.file == "\(folder)/libdescriptor.so")
    }

    /// What a catalog with such a list says of a coro; nil where it is found.
    private func message(_ coro: String, allowed: AllowedCoros) -> String? {
        let catalog = PluginCatalog(
            folders: PluginFolders(options: [folder], executableFolder: nil), allowed: allowed,
            host: PluginWorkshop.host)
        let isFunction = coro.contains(":")
        let errors = catalog.mistakes(
            coro, signature: isFunction ? "(in:int) -> int" : nil, graphFolder: folder)
        return errors.isEmpty ? nil : errors.map(\.message).joined(separator: "; ")
    }

    @Test("what its list allows is found: whole plugins, single processors, single functions")
    func allowed() throws {
        try workshop.build("descriptor.c", as: "libdescriptor.so")
        for names in [["descriptor"], ["descriptor.same"]] {
            #expect(message("descriptor.same", allowed: AllowedCoros(names)) == nil)
        }
        #expect(message("descriptor.same", allowed: .allPlugins) == nil)
        let functions = AllowedCoros(["libc.so.6:abs"], plainFunctions: true)
        #expect(message("libc.so.6:abs", allowed: functions) == nil)
        #expect(message("libc.so.6:labs", allowed: .everything) == nil)
    }

    @Test("what its list does not allow is refused before any file is looked at")
    func refused() {
        let list = AllowedCoros(["descriptor.same", "strings", "libc.so.6:abs"])
        #expect(
            message("nowhere.at_all", allowed: list)
                == "\"nowhere.at_all\" is not allowed in this program, which allows "
                + "descriptor.same, strings.")
        #expect(
            message("descriptor.sane", allowed: list)
                == "\"descriptor.sane\" is not allowed in this program, which allows "
                + "descriptor.same, strings. Did you mean \"descriptor.same\"?")
        for allowed in [list, .allPlugins] {
            #expect(
                message("nowhere.so:system", allowed: allowed)
                    == "\"nowhere.so:system\" is a plain function, and this program allows none in "
                    + "a graph. Use a plugin's processor")
        }
        #expect(
            message(
                "libc.so.6:system", allowed: AllowedCoros(["libc.so.6:abs"], plainFunctions: true))
                == "\"libc.so.6:system\" is not allowed in this program, which allows "
                + "libc.so.6:abs. Did you mean \"libc.so.6:abs\"?")
        #expect(
            message("strings.reverse", allowed: AllowedCoros([]))
                == "\"strings.reverse\" is not allowed in this program, which allows none.")
    }

    @Test("a misspelt processor is told what there is, and the nearest name")
    func misspelt() throws {
        let file = try workshop.build("descriptor.c", as: "libdescriptor.so")
        #expect(
            message("descriptor.colect")
                == "no processor \"colect\" in plugin descriptor (\(file)); it has same, collect, "
                + "numbers, drop, absolute. Did you mean \"collect\"?")
    }

    @Test("a misspelt plugin is told where it was looked for, and the nearest name")
    func misspeltPlugin() throws {
        try workshop.build("descriptor.c", as: "libdescriptor.so")
        try workshop.build("ordinary.c", as: "libdescribtor.so")
        #expect(
            message("descripter.same")
                == "no plugin \"descripter\": there is no descripter.so and no libdescripter.so in "
                + "\(folder), plugins. Did you mean \"descriptor\"?")
    }

    @Test("a coro without a dot is told the two forms, or the processors of the plugin it names")
    func withoutDot() throws {
        try workshop.build("descriptor.c", as: "libdescriptor.so")
        #expect(
            message("reverse")
                == "\"reverse\" is neither plugin.processor, such as \"strings.reverse\", nor "
                + "library:symbol, such as \"libz.so.1:crc32\"")
        #expect(
            message("descriptor")
                == "\"descriptor\" is a plugin; name one of its processors, such as "
                + "\"descriptor.same\"; it has same, collect, numbers, drop, absolute")
        #expect(
            message("libz.so.1") == "\"libz.so.1\" is a library; name its function too, as in "
                + "libz.so.1:SYMBOL")
    }

    @Test("a signature on a plugin's processor is an error at the signature")
    func signatureOnProcessor() throws {
        try workshop.build("descriptor.c", as: "libdescriptor.so")
        #expect(
            workshop.catalog().mistakes("descriptor.same", signature: "(in:int) -> int") == [
                CatalogError(
                    .signature(column: nil),
                    "\"descriptor.same\" is a plugin's processor, which brings its own description; "
                        + "only a plain function (library:symbol) takes a signature. Remove it")
            ])
    }

    @Test("a signature brings no second message where the coro is wrong")
    func signatureOnNothing() throws {
        let neither =
            "is neither plugin.processor, such as \"strings.reverse\", nor library:symbol, such as "
            + "\"libz.so.1:crc32\""
        #expect(
            workshop.catalog().mistakes("getenv", signature: "(in.cstr) -> cstr").map(\.message)
                == ["\"getenv\" \(neither)"])
        #expect(
            workshop.catalog().mistakes(":getenv", signature: nil).map(\.message)
                == ["\":getenv\" is no library:symbol; write it like \"libz.so.1:crc32\""])
    }

    @Test("two files for one plugin in one folder are told both")
    func ambiguous() throws {
        try workshop.build("descriptor.c", as: "descriptor.so")
        try workshop.build("descriptor.c", as: "libdescriptor.so")
        #expect(
            message("descriptor.same")
                == "two files for plugin descriptor: \(folder)/descriptor.so and "
                + "\(folder)/libdescriptor.so; remove one of them")
    }

    @Test("of two folders the earlier wins, and ordinary libraries stand in nobody's way")
    func order() throws {
        try workshop.build("ordinary.c", as: "a/libdescriptor.so")
        try workshop.build("descriptor.c", as: "b/descriptor.so")
        try workshop.build("descriptor.c", as: "c/descriptor.so", ["TWO_SHAPES"])
        let plugin = try workshop.catalog(["a", "b", "c"]).plugin("descriptor").get()
        #expect(plugin.file == "\(folder)/b/descriptor.so")
        #expect(
            message("descriptor.same", in: ["a"])
                == "\(folder)/a/libdescriptor.so is no plugin: it does not export pipes_plugin_v1; "
                + "a plain function of it is named with a colon, \(folder)/a/libdescriptor.so:SYMBOL"
        )
    }

    @Test("a plugin for another major of the ABI is told so")
    func otherMajor() throws {
        let file = try workshop.build("version2.c", as: "libversion2.so")
        #expect(
            message("version2.x")
                == "plugin version2 (\(file)) can't be used: made for ABI 2, this host has 1")
    }

    @Test("a library that can't be loaded brings the linker's reason")
    func unloadable() throws {
        let file = try workshop.build("ordinary.c", as: "incomplete.so", ["INCOMPLETE"])
        #expect(
            message("incomplete.x")
                == "plugin incomplete (\(file)) can't be used: undefined symbol: nobody_has_this")
        try workshop.write("no library", to: "text.so")
        #expect(
            message("text.x")
                == "plugin text (\(folder)/text.so) can't be used: not a shared object: it does "
                + "not begin as an ELF file")
    }

    @Test("a file or folder that everybody can write to is refused")
    func writableByAll() throws {
        let file = try workshop.build("descriptor.c", as: "open/libdescriptor.so")
        chmod(file, 0o757)
        #expect(
            message("descriptor.same", in: ["open"])
                == "plugin descriptor (\(file)) is not loaded: everybody can write to the file; "
                + "take that away with chmod o-w")
        chmod(file, 0o755)
        chmod("\(folder)/open", 0o777)
        #expect(
            message("descriptor.same", in: ["open"])
                == "plugin descriptor (\(file)) is not loaded: everybody can write to its folder "
                + "\(folder)/open; take that away with chmod o-w")
        try FileManager.default.createDirectory(
            atPath: "\(folder)/closed", withIntermediateDirectories: false)
        symlink(file, "\(folder)/closed/libdescriptor.so")
        #expect(message("descriptor.same", in: ["closed"])?.contains("\(folder)/open") == true)
    }

    @Test("a file of another user is refused", .enabled(if: geteuid() == 0))
    func otherOwner() throws {
        let file = try workshop.build("descriptor.c", as: "libdescriptor.so")
        chown(file, 12345, 0)
        #expect(
            message("descriptor.same")
                == "plugin descriptor (\(file)) is not loaded: it belongs to user 12345, who is "
                + "neither root nor the user that runs the host (0)")
    }

    @Test("a plain function is found by soname, by path and beside the graph file")
    func functions() throws {
        try workshop.build("ordinary.c", as: "libs/libordinary.so")
        let catalog = workshop.catalog()
        for coro in [
            "libc.so.6:abs", "libs/libordinary.so:twice", "\(folder)/libs/libordinary.so:twice",
        ] {
            let processor = try catalog.processor(
                coro: coro, signature: "(in:int) -> int", graphFolder: folder
            ).get()
            #expect(processor.bridged != nil && processor.description.name == coro)
        }
        #expect(
            catalog.mistakes(
                "libordinary.so:twice", signature: "(in:int) -> int", graphFolder: "\(folder)/libs")
                == [])
    }

    @Test(
        "what is wrong with a plain function is told",
        arguments: [
            (
                "libnone.so.9:f", "(in:int) -> int",
                "library \"libnone.so.9\" can't be loaded: cannot open shared object file: No such file or directory"
            ),
            (
                "libc.so.6:no_such_function", "(in:int) -> int",
                "no function \"no_such_function\" in library libc.so.6: undefined symbol: no_such_function"
            ),
            (
                "libm.so.6:cbrtt", "(in:f64) -> f64",
                "no function \"cbrtt\" in library libm.so.6: undefined symbol: cbrtt. Did you mean \"cbrt\"?"
            ),
            (
                "libc.so.6:labs@GLIBC_2.2.5", "(in:long) -> long",
                "\"labs@GLIBC_2.2.5\" has the version of a symbol, and the linker takes the usual one; write libc.so.6:labs"
            ),
            (
                "libc.so.6:environ", "(in:int) -> int",
                "\"environ\" in library libc.so.6 is data and no function"
            ),
            (
                "here/none.so:f", "(in:int) -> int",
                "library \"FOLDER/here/none.so\" is not loaded: No such file or directory"
            ),
            // No second message follows from a part that is wrong already.
            (
                "here/none.so:f", nil,
                "library \"FOLDER/here/none.so\" is not loaded: No such file or directory"
            ),
            (
                ":f", "(in:int -> int",
                "\":f\" is no library:symbol; write it like \"libz.so.1:crc32\""
            ),
            (
                ":f", "(in:int) -> int",
                "\":f\" is no library:symbol; write it like \"libz.so.1:crc32\""
            ),
            (
                "libc.so.6:abs", nil,
                "\"libc.so.6:abs\" is a plain function; add a \"signature\" that says how to call it, such as \"(in.ptr, in.len:size) -> int\""
            ),
        ] as [(String, String?, String)])
    func functionMistakes(_ coro: String, _ signature: String?, _ expected: String) {
        let told = message(coro, signature: signature)
        #expect(told == expected.replacingOccurrences(of: "FOLDER", with: folder))
    }

    @Test(
        "the C library's functions with varargs are refused by name",
        arguments: [
            "printf", "fprintf", "sprintf", "snprintf", "dprintf", "asprintf", "swprintf", "scanf",
            "sscanf", "__isoc99_sscanf", "syslog", "open", "open64", "openat", "fcntl", "ioctl",
            "execl", "execlp", "execle", "syscall", "prctl", "ptrace", "semctl", "mq_open",
            "sem_open", "err", "errx", "warn", "warnx", "ulimit", "clone", "mremap", "error",
            "error_at_line", "makecontext", "strfmon", "__printf_chk", "__open_nocancel",
            "obstack_printf", "argp_error",
        ])
    func varargs(_ symbol: String) {
        #expect(
            message("libc.so.6:\(symbol)", signature: "(in.cstr) -> int")
                == "function \"\(symbol)\" in library libc.so.6 has varargs and can't be called; name "
                + "one with fixed arguments, or write a plugin in C that calls it")
    }

    @Test(
        "a library that depends on the C library gives its functions, a function of that name its own"
    )
    func varargsElsewhere() throws {
        #expect(
            message("libm.so.6:printf", signature: "(in.cstr) -> int")?
                .hasPrefix("function \"printf\" in library libm.so.6 has varargs") == true)
        try workshop.build("namesake.c", as: "libs/libnamesake.so")
        let mistakes = workshop.catalog().mistakes(
            "libs/libnamesake.so:error", signature: "(in:int) -> int", graphFolder: folder)
        #expect(mistakes == [])
    }

    @Test(
        "a script for the linker is told from a library, and the library that it stands for is named",
        arguments: [
            (
                "GROUP ( /lib/none.so.9 libordinary.so AS_NEEDED ( libc.so.6 ) )", "twice",
                "FOLDER/libordinary.so"
            ),
            (
                "/* INPUT(libm.so.6) */ INPUT(libc.so.6, -lgcc, \"libordinary.so\");", "abs",
                "libc.so.6"
            ),
            (
                "OUTPUT_FORMAT(elf64-x86-64)\nGROUP(libordinary.so libc.so.6)", "none",
                "FOLDER/libordinary.so"
            ),
            ("GROUP(AS_NEEDED(libm.so.6) libc.so.6)", "cbrt", "libm.so.6"),
            ("INPUT(libstatic.a)", "f", nil),
        ] as [(String, String, String?)])
    func linkerScripts(_ script: String, _ symbol: String, _ library: String?) throws {
        try workshop.build("ordinary.c", as: "libordinary.so")
        let path = "\(folder)/libscript.so"
        try workshop.write(script, to: "libscript.so")
        let remedy = library.map {
            let name = $0.replacingOccurrences(of: "FOLDER", with: folder)
            return "; it stands for \(name): write \"\(name):\(symbol)\""
        }
        #expect(
            message("\(path):\(symbol)", signature: "(in:int) -> int")
                == "library \"\(path)\" is a linker script (\(path)), a text for the linker of compilers, and "
                + "can't be loaded\(remedy ?? "")")
    }

    @Test("mistakes in coro and signature are told together, each at its place")
    func together() {
        let errors = workshop.catalog().mistakes("libc.so.6:abz", signature: "(in.len:int) -> imt")
        #expect(errors.map(\.subject) == [.coro, .signature(column: 17)])
        #expect(
            errors.last?.message
                == "signature, column 17: unknown type \"imt\". Did you mean \"int\"?")
    }
}
