import Glibc
import PipesCore

/// The parts of a 64-bit ELF file that say what it exports and what it needs, read with `pread`:
/// every number in it may be a lie (System V ABI, chapters 4 and 5).
struct ElfSections {
    /// One entry of the section header table.
    struct Section {
        var nameOffset: UInt32
        var type: UInt32
        var offset: UInt64
        var size: UInt64
        var link: UInt32
    }

    private let file: Int32
    let sections: [Section]
    /// Of the section that holds the names of all.
    private let namesIndex: Int

    static let symbolTable: UInt32 = 11  // SHT_DYNSYM
    static let dynamicTable: UInt32 = 6  // SHT_DYNAMIC
    private static let headerSize = 64
    private static let mostSections = 10_000
    private static let largestPart: UInt64 = 256 << 20

    /// - Parameter file: open for reading as long as this is used.
    /// - Returns: nil where it is no such file.
    init?(_ file: Int32) {
        self.file = file
        guard let header = Self.read(file, at: 0, size: UInt64(Self.headerSize)),
            header.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1])
        else { return nil }
        let start = header.load(at: 40, as: UInt64.self)
        let entrySize = Int(header.load(at: 58, as: UInt16.self))
        let count = Int(header.load(at: 60, as: UInt16.self))
        namesIndex = Int(header.load(at: 62, as: UInt16.self))
        guard entrySize >= 64, count > 0, count <= Self.mostSections,
            let table = Self.read(file, at: start, size: UInt64(entrySize * count))
        else { return nil }
        sections = (0..<count).map { index in
            let at = index * entrySize
            return Section(
                nameOffset: table.load(at: at, as: UInt32.self),
                type: table.load(at: at + 4, as: UInt32.self),
                offset: table.load(at: at + 24, as: UInt64.self),
                size: table.load(at: at + 32, as: UInt64.self),
                link: table.load(at: at + 40, as: UInt32.self))
        }
    }

    /// Whether it has a section of this name.
    func contains(_ name: String) -> Bool {
        guard sections.indices.contains(namesIndex), let names = bytes(of: sections[namesIndex])
        else { return false }
        return sections.contains { ElfSections.text(in: names, at: Int($0.nameOffset)) == name }
    }

    func first(_ type: UInt32) -> Section? { sections.first { $0.type == type } }

    /// The bytes of a section; nil where they are not all there.
    func bytes(of section: Section) -> [UInt8]? {
        Self.read(file, at: section.offset, size: section.size)
    }

    /// The texts that a section refers to.
    func texts(of section: Section) -> [UInt8]? {
        guard sections.indices.contains(Int(section.link)) else { return nil }
        return bytes(of: sections[Int(section.link)])
    }

    /// A text that ends with a NUL.
    static func text(in bytes: [UInt8], at offset: Int) -> String? {
        guard bytes.indices.contains(offset) else { return nil }
        return String(pathBytes: bytes[offset...].prefix { $0 != 0 })
    }

    /// - Returns: nil where they are not all there.
    static func read(_ file: Int32, at offset: UInt64, size: UInt64) -> [UInt8]? {
        guard size <= largestPart, let start = off_t(exactly: offset) else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(file, $0.baseAddress.map { $0 + done }, $0.count - done, start + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            done += count
        }
        return bytes
    }
}

extension [UInt8] {
    /// - Parameter offset: with enough bytes behind it.
    func load<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type) -> Number {
        withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
}

extension ElfFile {
    /// The name by which others need a library (`DT_SONAME`); nil where it says none.
    static func soname(of path: String) -> String? {
        let file = open(path.cPath, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        guard let elf = ElfSections(file), let section = elf.first(ElfSections.dynamicTable),
            let table = elf.bytes(of: section), let texts = elf.texts(of: section)
        else { return nil }
        // Elf64_Dyn has 16 bytes.
        let tag: UInt64 = 14
        let entry = stride(from: 0, to: table.count / 16 * 16, by: 16).first {
            table.load(at: $0, as: UInt64.self) == tag
        }
        return entry.flatMap {
            ElfSections.text(
                in: texts, at: Int(clamping: table.load(at: $0 + 8, as: UInt64.self)))
        }
    }

    /// A name that a library lets others use.
    package struct ExportedSymbol: Hashable, Sendable {
        package var name: String
        /// One copy is kept of those that several libraries have, as C++ makes them.
        package var isUnique: Bool
    }

    /// What a library exports; nil where it can't be read.
    package static func exportedSymbols(of path: String) -> [ExportedSymbol]? {
        let file = open(path.cPath, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        guard let elf = ElfSections(file), let section = elf.first(ElfSections.symbolTable),
            let table = elf.bytes(of: section), let texts = elf.texts(of: section)
        else { return nil }
        // Elf64_Sym has 24 bytes.
        return stride(from: 0, to: table.count / 24 * 24, by: 24).compactMap { at in
            let info = table[at + 4]
            let visibility = table[at + 5] & 3
            let sectionIndex = table.load(at: at + 6, as: UInt16.self)
            let binding = info >> 4
            let isVisible = visibility == 0 || visibility == 3
            let (global, weak, unique): (UInt8, UInt8, UInt8) = (1, 2, 10)
            guard sectionIndex != 0, isVisible, [global, weak, unique].contains(binding),
                let name = ElfSections.text(
                    in: texts, at: Int(table.load(at: at, as: UInt32.self))), !name.isEmpty
            else { return nil }
            return ExportedSymbol(name: name, isUnique: binding != global)
        }
    }
}
