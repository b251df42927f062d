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
        guard let own = ownMachine, let machine = machine(of: file), machine.is64Bit else {
            return nil
        }
        if machine != own {
            return "made for another machine (\(machine.name); this is \(own.name))"
        }
        return isCutShort(file) ? "the file is cut short" : nil
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
            head.starts(with: [0x7f, 0x45, 0x4c, 0x46]), head[5] == 1
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
