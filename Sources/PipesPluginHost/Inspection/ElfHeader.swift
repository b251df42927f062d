import Glibc
import PipesCore

/// For whom a file is made, and whether it is all there: the linker says the first wrongly, and dies
/// of the second.
extension ElfFile {
    /// Why it can't be loaded; nil where the linker is to judge.
    static func flaw(of path: String) -> String? {
        let file = open(path.cPath, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        guard let start = ElfSections.read(file, at: 0, size: 4), start == magic else {
            return isFile(file) ? "not a shared object: it does not begin as an ELF file" : nil
        }
        guard let own = ownMachine, let machine = machine(of: file), machine.is64Bit else {
            return nil
        }
        if machine != own {
            return "made for another machine (\(machine.name); this is \(own.name))"
        }
        if isCutShort(file) { return "the file is cut short" }
        return otherType(of: file).map {
            "not a shared object, but \($0); build it with -shared (and -fPIC)"
        }
    }

    private static func isFile(_ file: Int32) -> Bool {
        var status = stat()
        return fstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// What a file is that is not a shared object, which says so in `e_type`; an executable that can
    /// lie anywhere has the type of a shared object and a flag of its own.
    private static func otherType(of file: Int32) -> String? {
        guard let head = ElfSections.read(file, at: 0, size: 20) else { return nil }
        switch head.load(at: 16, as: UInt16.self) {
        case 1: return "an object file"
        case 2: return "an executable"
        case 3: return isPositionIndependentExecutable(file) ? "an executable" : nil
        case 4: return "a core dump"
        default: return nil
        }
    }

    private static func isPositionIndependentExecutable(_ file: Int32) -> Bool {
        guard let elf = ElfSections(file), let section = elf.first(ElfSections.dynamicTable),
            let table = elf.bytes(of: section)
        else { return false }
        let (flags1, isExecutable): (UInt64, UInt64) = (0x6fff_fffb, 0x0800_0000)
        // Elf64_Dyn: a tag and a value.
        return stride(from: 0, to: table.count / 16 * 16, by: 16).contains { at in
            table.load(at: at, as: UInt64.self) == flags1
                && table.load(at: at + 8, as: UInt64.self) & isExecutable != 0
        }
    }

    /// Whether the linker would take it; others it passes over when it looks for a library.
    static func isForThisMachine(_ path: String) -> Bool {
        let file = open(path.cPath, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return false }
        defer { close(file) }
        guard let own = ownMachine, let machine = machine(of: file) else { return true }
        return machine == own
    }

    // MARK: Elf64_Ehdr and Elf64_Phdr (System V ABI, chapters 4 and 5)

    private static let magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]

    private struct Machine: Equatable {
        var is64Bit: Bool
        var number: UInt16

        var name: String {
            switch number {
            case 3: "x86"
            case 21: "PowerPC"
            case 22: "S/390"
            case 40: "ARM"
            case 62: "x86-64"
            case 183: "AArch64"
            case 243: "RISC-V"
            default: "number \(number)"
            }
        }
    }

    private static let ownMachine: Machine? = {
        let file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return machine(of: file)
    }()

    /// - Returns: nil for what is no ELF file with numbers of this machine's order.
    private static func machine(of file: Int32) -> Machine? {
        guard let head = ElfSections.read(file, at: 0, size: 20),
            head.starts(with: magic), head[5] == 1
        else { return nil }
        return Machine(is64Bit: head[4] == 2, number: head.load(at: 18, as: UInt16.self))
    }

    /// Whether a part that is to be loaded ends behind the file.
    private static func isCutShort(_ file: Int32) -> Bool {
        var status = stat()
        guard fstat(file, &status) == 0, let head = ElfSections.read(file, at: 0, size: 64) else {
            return false
        }
        let entrySize = 56
        guard Int(head.load(at: 54, as: UInt16.self)) == entrySize else { return false }
        let count = Int(head.load(at: 56, as: UInt16.self))
        let start = head.load(at: 32, as: UInt64.self)
        guard let table = ElfSections.read(file, at: start, size: UInt64(entrySize * count)) else {
            return true
        }
        let loaded: UInt32 = 1
        return stride(from: 0, to: table.count, by: entrySize).contains { at in
            guard table.load(at: at, as: UInt32.self) == loaded else { return false }
            let (end, overflow) = table.load(at: at + 8, as: UInt64.self)
                .addingReportingOverflow(table.load(at: at + 32, as: UInt64.self))
            return overflow || end > UInt64(status.st_size)
        }
    }
}
