import Dispatch
import Glibc

/// Tells of files in some folders that were written or replaced.
///
/// Folders are watched and not files, since most programs write a new file and give it the old
/// one's name.
///
/// `@unchecked Sendable`: Dispatch does not say that its sources may be used from any thread, which
/// they may; nothing else here changes.
final class FileWatcher: @unchecked Sendable {
    /// Names of files that have changed, without their folders.
    let changes: AsyncStream<String>
    private let source: any DispatchSourceRead

    /// - Parameter folders: those that are not there are left out.
    /// - Returns: nil where the system watches no files, with the reason in `errno`.
    init?(folders: [String]) {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE)
        for folder in Set(folders) { _ = inotify_add_watch(descriptor, folder, events) }
        let (changes, continuation) = AsyncStream<String>.makeStream()
        self.changes = changes
        source = DispatchSource.makeReadSource(
            fileDescriptor: descriptor, queue: DispatchQueue(label: "pipes.watcher"))
        source.setEventHandler {
            for name in FileWatcher.read(descriptor) { continuation.yield(name) }
        }
        source.setCancelHandler {
            close(descriptor)
            continuation.finish()
        }
        source.activate()
    }

    deinit { source.cancel() }

    /// The names in all events that are there.
    private static func read(_ descriptor: Int32) -> [String] {
        var names: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return names }
            buffer.withUnsafeBytes { bytes in
                var offset = 0
                // wd, mask, cookie and the length of the name, each of four bytes; the name.
                while offset + 16 <= count {
                    let length = Int(
                        bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
                    let end = min(offset + 16 + length, count)
                    let name = bytes[(offset + 16)..<end].prefix { $0 != 0 }
                    names.append(String(decoding: name, as: UTF8.self))
                    offset = end
                }
            }
        }
    }
}
