import Glibc
import Pipes
import PipesCore
import PipesPluginHost
import PipesRuntime

/// Has changed graphs take over from the one that runs, as long as its task is not cancelled.
struct GraphWatch {
    let input: GraphOptions
    let run: LiveRun
    let options: Plumber.Options
    /// What the graph that runs was resolved with.
    let catalog: PluginCatalog
    /// The file as it was before that graph was read from it.
    let text: [UInt8]?

    /// Writers that write more than once, and builds that bring several files, are waited for.
    private static let quietTime = Duration.milliseconds(100)

    func watch() async {
        let (folders, file) = (catalog.folders, input.file)
        let watcher = FileWatcher {
            // Each plugin by itself too: it may be a link to where it is built.
            folders.folders.map { .files(in: $0.path, suffix: ".so") }
                + folders.files().flatMap(\.paths).map { .file($0) } + [.file(file)]
        }
        guard let watcher else {
            Console.error.print(
                "error: \(input.file) can't be watched: \(String(cString: strerror(errno)))")
            return
        }
        var current = catalog
        var seen = Seen(text: text, catalog: catalog)
        // It may have changed since it was read.
        await takeOver(&current, &seen)
        for await _ in watcher.changes {
            do { try await Task.sleep(for: Self.quietTime) } catch { break }
            await takeOver(&current, &seen)
        }
    }

    /// What was looked at last, whether or not it took over: nothing is told twice.
    private struct Seen {
        var text: [UInt8]?
        var catalog: PluginCatalog
    }

    /// - Parameter current: what the graph that runs was resolved with.
    private func takeOver(_ current: inout PluginCatalog, _ seen: inout Seen) async {
        let text = FileBytes.read(input.file)
        if text == seen.text, !seen.catalog.isOutdated { return }
        let catalog = current.renewed()
        seen = Seen(text: text, catalog: catalog)
        do {
            let loaded = try GraphInput.read(input, resolvers: [catalog])
            let plumber: Plumber
            do {
                plumber = try Plumber(loaded.graph, resolvers: [catalog], options: options)
            } catch {
                throw GraphInput.refusal(error.diagnostics)
            }
            let problems = input.plugins.problems(ofExamplesIn: loaded.graph)
            if !problems.isEmpty { throw GraphInput.refusal(loaded.diagnostics + problems) }
            GraphInput.report(loaded.diagnostics + plumber.graph.warnings)
            try await run.replace(with: plumber)
            current = catalog
            Console.error.print("\(input.file): the changed graph has taken over")
        } catch let refusal as LiveRun.Refusal {
            report(refusal)
        } catch {
            // What is wrong was printed.
            Console.error.print("\(input.file): the graph that runs goes on unchanged")
        }
    }

    private func report(_ refusal: LiveRun.Refusal) {
        switch refusal {
        case .over: return
        case .failure(let failure): GraphInput.report(failure.diagnostics)
        case .reason(let reason):
            GraphInput.report([Diagnostic(file: input.file, reason)])
        }
        Console.error.print("\(input.file): the graph that runs goes on unchanged")
    }
}

/// A whole file, to be compared with what it was.
enum FileBytes {
    static func read(_ file: String) -> [UInt8]? {
        let descriptor = open(file.cPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += chunk[..<count]
        }
    }
}
