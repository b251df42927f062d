import Glibc
import PipesCore

/// A look into a `.so` without loading it: folders hold many libraries that are no plugins, and
/// starting a process for each would take long.
package enum ElfFile {
    /// Whether the file is worth loading: it names the entry of a plugin, or it is so broken that
    /// only the linker can say why.
    static func mayBePlugin(_ path: String) -> Bool {
        let file = open(path.cPath, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return true }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return true }
        return !isWhole(file, size: UInt64(status.st_size))
            || contains(file, Array(PluginLoader.symbolPrefix.utf8))
    }

    /// Whether it is a 64-bit ELF file whose section headers, which stand last, are all there.
    private static func isWhole(_ file: Int32, size: UInt64) -> Bool {
        // The layout of Elf64_Ehdr (System V ABI, chapter 4).
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { header in
            guard pread(file, header.baseAddress, 64, 0) == 64,
                header.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2])
            else { return false }
            let start = header.load(fromByteOffset: 40, as: UInt64.self)
            let entrySize = header.load(fromByteOffset: 58, as: UInt16.self)
            let count = header.load(fromByteOffset: 60, as: UInt16.self)
            let (end, overflow) = start.addingReportingOverflow(UInt64(entrySize) * UInt64(count))
            return !overflow && end <= size
        }
    }

    private static func contains(_ file: Int32, _ text: [UInt8]) -> Bool {
        let chunkSize = 1 << 18
        return withUnsafeTemporaryAllocation(byteCount: chunkSize, alignment: 8) { chunk in
            var offset = 0
            while true {
                let size = pread(file, chunk.baseAddress, chunkSize, offset)
                guard size >= text.count else { return false }
                if contains(UnsafeRawBufferPointer(rebasing: chunk[..<size]), text) { return true }
                // The text may lie across two chunks.
                offset += size - (text.count - 1)
            }
        }
    }

    private static func contains(_ bytes: UnsafeRawBufferPointer, _ text: [UInt8]) -> Bool {
        guard var next = bytes.baseAddress else { return false }
        let last = next + (bytes.count - text.count)
        while next <= last, let found = memchr(next, Int32(text[0]), last - next + 1) {
            if memcmp(found, text, text.count) == 0 { return true }
            next = UnsafeRawPointer(found) + 1
        }
        return false
    }
}
