import CPipes
import Glibc
import PipesCore
import PipesRuntime

/// The host functions of pipes.h as the checks offer them: each notes what may not be done, and
/// answers as the contract says.
enum StrictHost {
    /// How much of a table a plugin is given.
    enum Form: Sendable {
        case ordinary
        /// As the first version of the ABI had it, and not a byte more.
        case smallest
        /// Of a later minor, with functions behind those that are known.
        case larger
    }

    /// Plugins keep the table they were given, so none ever goes away.
    static func table(_ form: Form) -> UnsafePointer<pipes_host> {
        switch form {
        case .ordinary: ordinary
        case .smallest: smallest
        case .larger: larger
        }
    }

    // Unsafe only by their type: nobody writes to them once they are made.
    nonisolated(unsafe) private static let ordinary: UnsafePointer<pipes_host> = {
        let table = UnsafeMutablePointer<pipes_host>.allocate(capacity: 1)
        table.initialize(to: makeTable())
        return UnsafePointer(table)
    }()

    /// `extension` is the last function that ABI 1.0 has.
    private static let firstSize =
        (MemoryLayout<pipes_host>.offset(of: \pipes_host.extension) ?? 0)
        + MemoryLayout<UnsafeRawPointer>.size

    nonisolated(unsafe) private static let smallest: UnsafePointer<pipes_host> = {
        var table = makeTable()
        table.struct_size = UInt32(firstSize)
        table.minor = 0
        return placed(table, size: firstSize, more: 0)
    }()

    nonisolated(unsafe) private static let larger: UnsafePointer<pipes_host> = {
        var table = makeTable()
        let more = 256
        table.struct_size = UInt32(MemoryLayout<pipes_host>.size + more)
        table.minor = 1000
        return placed(table, size: MemoryLayout<pipes_host>.size, more: more)
    }()

    /// A table that is write-protected and ends before a page that nobody may touch. What is more
    /// than this host knows is filled with what no pointer can be.
    private static func placed(
        _ table: pipes_host, size: Int, more: Int
    ) -> UnsafePointer<pipes_host> {
        guard let memory = GuardedMemory(size: size + more, alignment: 8) else { return ordinary }
        withUnsafeBytes(of: table) { bytes in
            if let start = bytes.baseAddress { memcpy(memory.start, start, size) }
        }
        memset(memory.start + size, 0xEE, more)
        memory.protect()
        return UnsafePointer(memory.start.assumingMemoryBound(to: pipes_host.self))
    }

    private static func makeTable() -> pipes_host {
        var table = pipes_host()
        table.struct_size = UInt32(MemoryLayout<pipes_host>.size)
        table.minor = UInt32(PIPES_ABI_MINOR)
        addResults(&table)
        addHolds(&table)
        addDeferral(&table)
        addNode(&table)
        return table
    }

    private static func addResults(_ table: inout pipes_host) {
        table.alloc = { call, size, alignment in
            Desk.call(call, "alloc")?.allocate(size, alignment: alignment)
        }
        table.adopt = { call, _, release, context in
            guard let call = Desk.call(call, "adopt") else { return pipes_status(PIPES_FATAL) }
            guard let release else {
                call.node.note(.call, "called adopt without a release")
                return pipes_status(PIPES_FATAL)
            }
            call.node.adopt(release: release, context: context)
            return pipes_status(PIPES_OK)
        }
        table.emit = { call, port, row, value in
            guard let call = Desk.call(call, "emit") else { return pipes_status(PIPES_FATAL) }
            guard let value else {
                call.node.note(.call, "called emit without a value")
                return pipes_status(PIPES_FATAL)
            }
            return call.emit(value.pointee, port: Int(port), row: row)
        }
        table.settle = { call, row, status, text, size in
            Desk.call(call, "settle")?.settle(row: row, status, StrictHost.string(text, size))
        }
        table.explain = { node, call, text, size in
            if let call {
                Desk.call(call, "explain")?.explain(StrictHost.string(text, size))
            } else {
                Desk.node(node, "explain")?.explain(StrictHost.string(text, size))
            }
        }
    }

    private static func addHolds(_ table: inout pipes_host) {
        table.hold = { call in
            guard let call = Desk.call(call, "hold") else { return nil }
            let hold = Desk.Hold(call.node, call.inputs)
            Desk.holds.withLock { $0[UInt(bitPattern: hold.memory)] = hold }
            call.node.countHold(1)
            return OpaquePointer(hold.memory)
        }
        table.let_go = { pointer in
            guard let pointer else { return }
            let key = UInt(bitPattern: UnsafeRawPointer(pointer))
            guard let hold = Desk.holds.withLock({ $0.removeValue(forKey: key) }) else {
                Desk.noteStray(.call, "called let_go with a hold that it does not have")
                return
            }
            hold.node.countHold(-1)
            if hold.node.conduct.forbidsOldInputs { hold.inputs?.forbid() }
            if hold.node.conduct.forgetsCalls { hold.memory.deallocate() }
        }
    }

    private static func addDeferral(_ table: inout pipes_host) {
        table.defer = { call, context in
            pipes_ticket(id: Desk.call(call, "defer")?.defer(context) ?? 0)
        }
        table.resume = { _, ticket in
            guard let call = StrictHost.call(of: ticket), !call.now.isOver else { return nil }
            return call.pointer
        }
        table.complete = { _, ticket, status, value in
            guard let call = StrictHost.call(of: ticket) else {
                Desk.noteStray(.deferral, "completed a ticket that it never had")
                return false
            }
            return call.complete(status, value?.pointee)
        }
        table.cancelled = { _, ticket in StrictHost.call(of: ticket)?.now.isCancelled ?? true }
    }

    private static func call(of ticket: pipes_ticket) -> StrictCall? {
        Desk.tickets.withLock { $0.calls[ticket.id] }
    }

    private static func addNode(_ table: inout pipes_host) {
        table.stopping = { node in Desk.node(node, "stopping")?.isStopping ?? true }
        table.log = { node, _, _, _ in _ = Desk.node(node, "log") }
        table.env = { node, _ in
            _ = Desk.node(node, "env")
            return nil
        }
        table.node_name = { node in
            Desk.node(node, "node_name").map { UnsafePointer($0.name) }
        }
        table.input_count = { node in UInt64(Desk.node(node, "input_count")?.inputCount ?? 0) }
        table.output_used = { node, port in
            guard let node = Desk.node(node, "output_used") else { return false }
            return Int(port) < node.description.outputs.count
        }
        table.concurrency = { node in Desk.node(node, "concurrency")?.conduct.concurrency ?? 1 }
        table.count = { node, metric, _ in
            guard let node = Desk.node(node, "count") else { return }
            if metric == nil { node.note(.call, "called count without a metric") }
        }
        table.extension = { _, _ in nil }
    }

    private static func string(_ text: UnsafePointer<CChar>?, _ size: Int) -> String {
        guard let text, size > 0 else { return "" }
        return String(
            decoding: UnsafeRawBufferPointer(start: text, count: size), as: UTF8.self)
    }
}
