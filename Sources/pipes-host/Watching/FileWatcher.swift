import Dispatch
import Glibc
import PipesCore
import PipesPluginHost

/// Tells when what stands at some paths may have changed: a file that was written or replaced, a
/// folder that was removed or came to be, a link that leads elsewhere now.
///
/// Folders are watched and not files, since most programs write a new file and give it the old
/// one's name. And so are the folders above them, each for the one name that leads on.
///
/// `@unchecked Sendable`: `watched` belongs to the queue; Dispatch does not say that its sources
/// may be used from any thread, which they may.
final class FileWatcher: @unchecked Sendable {
    /// One for all changes that nobody has looked at yet.
    let changes: AsyncStream<Void>
    private let targets: @Sendable () -> [Target]
    private let descriptor: Int32
    private let source: any DispatchSourceRead
    /// The names in each watched folder that matter, by the number the system gave it.
    private var watched: [Int32: [Target]] = [:]

    /// What is watched.
    enum Target: Sendable {
        /// Whatever stands at a path.
        case file(String)
        /// The files in a folder that are called so.
        case files(in: String, suffix: String)
    }

    /// - Parameter targets: asked for after each change. They may be missing, as may the folders
    ///   that they are in.
    /// - Returns: nil where the system watches no files, with the reason in `errno`.
    init?(_ targets: @escaping @Sendable () -> [Target]) {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        self.targets = targets
        let (changes, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        self.changes = changes
        let queue = DispatchQueue(label: "pipes.watcher")
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        queue.sync { self.watch() }
        source.setEventHandler { [weak self] in
            guard let self, self.readEvents() else { return }
            // A folder may be another one now.
            self.watch()
            continuation.yield()
        }
        source.setCancelHandler { [descriptor] in
            close(descriptor)
            continuation.finish()
        }
        source.activate()
    }

    deinit { source.cancel() }

    // MARK: What is watched

    /// Watches the folders that lead to the targets as they are now.
    private func watch() {
        // What comes to be while it is looked at is found the second time.
        for _ in 0..<2 {
            var wanted: [Int32: [Target]] = [:]
            for (folder, target) in targets().flatMap(Self.steps(to:)) {
                let number = inotify_add_watch(
                    descriptor, folder.cPath,
                    UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MOVED_FROM | IN_DELETE))
                if number >= 0 { wanted[number, default: []].append(target) }
            }
            for number in watched.keys where wanted[number] == nil {
                inotify_rm_watch(descriptor, number)
            }
            watched = wanted
        }
    }

    /// The folders on the way to a target, links followed, each with what matters in it.
    private static func steps(
        to target: Target
    ) -> [(folder: String, target: Target)] {
        switch target {
        case .file(let path): steps(to: path)
        case .files(in: let folder, suffix: _): steps(to: folder) + [(folder, target)]
        }
    }

    private static func steps(to path: String) -> [(folder: String, target: Target)] {
        var steps: [(folder: String, target: Target)] = []
        var folder = path.hasPrefix("/") ? "/" : "."
        var names = path.split(separator: "/").map(String.init)
        // As many links as the system follows.
        var links = 40
        while !names.isEmpty {
            let name = names.removeFirst()
            if name == "." { continue }
            let next = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
            if name != ".." { steps.append((folder, .file(name))) }
            if let link = linkTarget(of: next), links > 0 {
                links -= 1
                names = link.split(separator: "/").map(String.init) + names
                if link.hasPrefix("/") { folder = "/" }
            } else {
                folder = next
            }
        }
        return steps
    }

    private static func linkTarget(of path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                characters.baseAddress.map { readlink(path.cPath, $0, characters.count) } ?? -1
            }
        }
        return count < 0 ? nil : String(pathBytes: buffer[..<count])
    }

    // MARK: Events

    /// - Returns: whether one of the events that are there matters.
    private func readEvents() -> Bool {
        var isNews = false
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return isNews }
            buffer.withUnsafeBytes { bytes in
                var offset = 0
                // The folder's number, mask, cookie and the length of the name, each of four bytes;
                // the name.
                while offset + 16 <= count {
                    let number = bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)
                    let length = Int(
                        bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
                    let end = min(offset + 16 + length, count)
                    let name = bytes[(offset + 16)..<end].prefix { $0 != 0 }
                    if matters(String(pathBytes: name), in: number) { isNews = true }
                    offset = end
                }
            }
        }
    }

    private func matters(_ name: String, in folder: Int32) -> Bool {
        // Where events were lost, anything may have happened.
        guard folder >= 0 else { return true }
        return watched[folder]?.contains { target in
            switch target {
            case .file(let wanted): name == wanted
            case .files(in: _, let suffix): name.hasSuffix(suffix)
            }
        } ?? false
    }
}
