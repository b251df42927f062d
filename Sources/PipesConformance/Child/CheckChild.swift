import Glibc
import PipesCore
import PipesPluginHost

/// The child's side of `Validator`: one check of one processor, in a process of its own.
public enum CheckChild {
    /// What the parent asks for.
    struct Request {
        var file: String
        var check: String
        /// Empty for a check of the whole plugin.
        var processor: String
        /// In the order of the params.
        var args: [Value]
        var seed: UInt64
        /// Where the check may write.
        var folder: String

        var value: Value {
            .map([
                .init("file", .string(file)), .init("check", .string(check)),
                .init("processor", .string(processor)), .init("args", .list(args)),
                .init("seed", .int(Int64(bitPattern: seed))), .init("folder", .string(folder)),
            ])
        }

        init(
            file: String, check: String, processor: String, args: [Value], seed: UInt64,
            folder: String
        ) {
            self.file = file
            self.check = check
            self.processor = processor
            self.args = args
            self.seed = seed
            self.folder = folder
        }

        /// - Returns: nil for a text that `value` does not give.
        init?(json: String) {
            guard case .map(let pairs)? = try? Value(form: Value(json: Array(json.utf8))) else {
                return nil
            }
            let fields = Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
            guard case .string(let file)? = fields["file"],
                case .string(let check)? = fields["check"],
                case .string(let processor)? = fields["processor"],
                case .list(let args)? = fields["args"], case .int(let seed)? = fields["seed"],
                case .string(let folder)? = fields["folder"]
            else { return nil }
            self.init(
                file: file, check: check, processor: processor, args: args,
                seed: UInt64(bitPattern: seed), folder: folder)
        }
    }

    /// The file in the child's folder that has the user's own rows.
    static let rowsFile = "rows"
    /// The file in the child's folder that standard error goes to.
    static let errorFile = "stderr"

    /// Makes a check, tells how it goes on standard output and ends the process.
    ///
    /// - Parameter request: as the parent wrote it.
    public static func run(_ request: String) -> Never {
        let output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100)
        guard output >= 0, let request = Request(json: request),
            let check = Check.all.first(where: { $0.name == request.check }),
            chdir(request.folder.cPath) == 0
        else { _exit(2) }
        // Else removed by the parent.
        Lifeline.hold { RunningCheck.remove(request.folder) }
        confine()
        let progress = Progress(output: output, rules: check.rules)
        progress.step("loading")
        do {
            try check.run(try context(request, progress))
        } catch let skipped as CheckContext.Skipped {
            progress.skip(skipped.reason)
        } catch {
            progress.finding("the check could not go on: \(error)")
        }
        progress.done()
        // What the plugin left to run at the end is asked for by the one check that is about it.
        guard check.endsNormally else { _exit(0) }
        progress.step("the end of the process")
        exit(0)
    }

    /// What the plugin prints goes nowhere, and what it wants too much of it does not get.
    private static func confine() {
        let null = open("/dev/null", O_RDWR)
        dup2(null, STDOUT_FILENO)
        let errors = open(errorFile, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        dup2(errors >= 0 ? errors : null, STDERR_FILENO)
        if null > STDERR_FILENO { close(null) }
        if errors > STDERR_FILENO { close(errors) }
        limit(RLIMIT_CORE, 0)
        limit(RLIMIT_FSIZE, 256 << 20)
        // More than any check needs, guards included, which have addresses and no memory; a plugin
        // that asks for it all shall not stop the machine.
        limit(RLIMIT_AS, 64 << 30)
        limit(RLIMIT_DATA, 16 << 30)
    }

    private static func limit(_ resource: __rlimit_resource, _ value: rlim_t) {
        var limit = rlimit(rlim_cur: value, rlim_max: value)
        setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
    }

    private static func context(_ request: Request, _ progress: Progress) throws -> CheckContext {
        let plugin = try PluginLoader.load(request.file, host: StrictHost.table(.ordinary))
        let processor =
            plugin.processors.first { $0.description.name == request.processor }
            ?? plugin.processors[0]
        let watch = Watch { label in
            progress.end(
                "\(label) did not return within \(Watch.limit.components.seconds) s after the node "
                    + "was told to stop")
        }
        // BYTES come as base64, as in a graph file.
        let args = zip(processor.description.params, request.args).map { param, value in
            Sample((try? param.converted(value)) ?? value)
        }
        return CheckContext(
            file: request.file, plugin: plugin, processor: processor, args: args,
            seed: request.seed, check: request.check, progress: progress, watch: watch,
            ownRows: ownRows(of: processor.description, seed: request.seed, request.check))
    }

    /// The user's rows as samples, of one width: which one of several depends on the seed.
    private static func ownRows(
        of processor: ProcessorDescription, seed: UInt64, _ check: String
    ) -> [[Sample]] {
        let rows = OwnRows.read(rowsFile).rows.map { row in
            row.values.enumerated().map { place, value in
                let input = processor.inputs.map { $0[min(place, $0.count - 1)] }
                return Sample(input.flatMap { try? OwnRows.converted(value, for: $0) } ?? value)
            }
        }
        var bits = RandomBits(seed: seed, check, processor.name, "width")
        let widths = Set(rows.map(\.count)).sorted()
        guard !widths.isEmpty else { return [] }
        let width = bits.pick(widths)
        return rows.filter { $0.count == width }
    }
}
