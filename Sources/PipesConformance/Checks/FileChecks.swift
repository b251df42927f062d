import CPipes
import Glibc
import PipesCore
import PipesPluginHost
import PipesRuntime

/// What can be said of a plugin's file and description as a whole.
enum FileChecks {
    static let all = [
        Check(
            "exports", proves: "It exports nothing but its entry.",
            source: "pipes.h, \"The one symbol a plugin exports\"", scope: .plugin, run: exports),
        Check(
            "entry",
            proves:
                "Its entry gives the same static description to every thread and host, and does "
                + "nothing else.",
            source: "pipes.h, pipes_plugin_v1", scope: .plugin, run: entry),
        Check(
            "description", proves: "What it says of itself is whole and agrees with itself.",
            source: "pipes.h, pipes_plugin, pipes_processor, pipes_param", scope: .plugin,
            run: describes),
    ]

    // MARK: exports

    private static func exports(_ context: CheckContext) throws {
        guard let symbols = ElfFile.exportedSymbols(of: context.file) else {
            context.progress.finding("its table of symbols can't be read")
            return
        }
        let others = symbols.filter { !isEntry($0.name) && !isOfLinker($0.name) }
        // What a compiler lets everybody see of its own accord, the author can't well hide.
        let isSwift = context.plugin.toolchain?.hasPrefix("swift") == true
        let foreign = others.filter {
            $0.isUnique || CompilerName.isOne($0.name)
                // Swift's runtime, where it is part of the plugin.
                || isSwift && $0.name.hasPrefix("swift_")
        }
        let own = others.filter { symbol in !foreign.contains { $0.name == symbol.name } }
        if !own.isEmpty {
            context.progress.finding(
                "it exports \(own.map(\.name).sorted().listed) beside its entry; make them static, "
                    + "or build with -fvisibility=hidden")
        }
        if !foreign.isEmpty {
            context.progress.warning(
                "it exports \(foreign.count) symbols of its compiler's making, such as "
                    + (foreign.map(\.name).min() ?? ""))
        }
    }

    private static func isEntry(_ name: String) -> Bool {
        name.hasPrefix("pipes_plugin_v") && name.dropFirst(14).allSatisfy(\.isNumber)
    }

    private static func isOfLinker(_ name: String) -> Bool {
        [
            "_init", "_fini", "_edata", "_end", "__bss_start", "__data_start", "data_start",
            "__start_swift5_protocols", "_GLOBAL_OFFSET_TABLE_",
        ].contains(name)
    }

    // MARK: entry

    private static func entry(_ context: CheckContext) throws {
        let entry = try PluginLoader.entry(of: context.file)
        let surroundings = Surroundings()
        let first = entry(StrictHost.table(.ordinary))
        let answers = Locked<[UInt]>([])
        context.progress.step("pipes_plugin_v1 on eight threads at once")
        let threads = (0..<8).map { number in
            SystemThread {
                let form: StrictHost.Form = number % 2 == 0 ? .ordinary : .larger
                let answer = UInt(bitPattern: entry(StrictHost.table(form)))
                answers.withLock { $0.append(answer) }
            }
        }
        for thread in threads { thread.join() }
        context.progress.step("pipes_plugin_v1 with the smallest host table")
        let last = UInt(bitPattern: entry(StrictHost.table(.smallest)))
        let all = answers.withLock { $0 } + [last]
        if all.contains(where: { $0 != UInt(bitPattern: first) }) {
            context.progress.finding(
                "pipes_plugin_v1 does not answer the same description each time; it must be static")
        }
        for change in surroundings.changes() {
            context.progress.finding("pipes_plugin_v1 \(change); it must do nothing but answer")
        }
        guard let now = try? PluginLoader.load(context.file, host: StrictHost.table(.ordinary))
        else { return context.progress.finding("its description can't be read a second time") }
        if now.processors.map(\.description) != context.plugin.processors.map(\.description) {
            context.progress.finding("its description changes from one call to the next")
        }
    }

    // MARK: description

    private static func describes(_ context: CheckContext) throws {
        let plugin = context.plugin
        let find = context.progress.finding
        if !isSemantic(plugin.version) {
            find("its version \(plugin.version.quoted) is no semantic version, such as \"1.0.0\"")
        }
        if plugin.summary.isEmpty { find("it has no summary") }
        for processor in plugin.processors {
            let description = processor.description
            for flaw in flaws(of: processor.descriptor, description) {
                find("processor \(description.name.quoted): \(flaw)")
            }
        }
    }

    private static func flaws(
        of descriptor: pipes_processor, _ description: ProcessorDescription
    ) -> [String] {
        var flaws: [String] = []
        func note(_ isWrong: Bool, _ text: String) { if isWrong { flaws.append(text) } }
        let flags = description.flags
        let known: UInt32 = 0b11111
        note(description.summary.isEmpty, "it has no summary")
        note(descriptor.flags & ~known != 0, "it has flags that no ABI of this major has")
        note(description.isSource && flags.contains(.pure), "a source can't have PIPES_PURE")
        note(
            description.rate == .aggregates && flags.contains(.pure),
            "an aggregate keeps state, so it can't have PIPES_PURE")
        note(
            description.holds != .none && flags.contains(.pure),
            "it holds rows back, so it can't have PIPES_PURE")
        note(
            description.isSource && descriptor.flush != nil,
            "a source has a flush, which is never called")
        note(
            descriptor.cancel != nil && !flags.contains(.defers),
            "it has a cancel and no PIPES_DEFERS, so it is never called")
        note(
            description.shape == .map && description.holds != .none,
            "a map answers for each row at once and holds none back")
        for param in description.params where param.help.isEmpty {
            flaws.append("param \(param.name.quoted) has no help")
        }
        return flaws
    }

    /// As semver.org has it, version 2.0.0: three numbers, perhaps a pre-release and a build.
    private static func isSemantic(_ version: String) -> Bool {
        let core = version.prefix { $0 != "-" && $0 != "+" }
        let numbers = core.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 3
            && numbers.allSatisfy { number in
                !number.isEmpty && number.allSatisfy { $0.isASCII && $0.isNumber }
                    && (number.count == 1 || number.first != "0")
            }
    }
}
