internal import CPipes
internal import Logging
internal import PipesCore
internal import PipesRuntime

/// The functions that pipes.h offers to plugins. Every one of them may be called with anything at
/// any time: what makes no sense is answered with a refusal and counted, never with a crash.
enum HostTable {
    /// Lives as long as the process: plugins keep it. Unsafe only by its type: nobody writes to it
    /// once it is made.
    nonisolated(unsafe) static let pointer: UnsafePointer<pipes_host> = {
        let table = UnsafeMutablePointer<pipes_host>.allocate(capacity: 1)
        table.initialize(to: makeTable())
        return UnsafePointer(table)
    }()

    private static func makeTable() -> pipes_host {
        var table = pipes_host()
        table.struct_size = UInt32(MemoryLayout<pipes_host>.size)
        table.minor = UInt32(PIPES_ABI_MINOR)
        addMemory(&table)
        addResults(&table)
        addDeferral(&table)
        addNode(&table)
        return table
    }

    private static func addMemory(_ table: inout pipes_host) {
        table.alloc = { call, size, alignment in
            guard let call, let side = CallSide.of(call) else { return nil }
            let storage = side.call.storage
            // The plugin took from the arena by itself since the host last saw it.
            storage.takeArenaBack(from: call)
            let start = storage.allocate(size, alignment: alignment)
            storage.lendArena(to: call)
            side.noteMemory(of: storage)
            return start
        }
        table.adopt = { call, size, release, context in
            guard let side = CallSide.of(call), let release else { return HostTable.fatal }
            let storage = side.call.storage
            storage.adopt(byteCount: size, release: release, context: context)
            side.noteMemory(of: storage)
            return HostTable.ok
        }
        table.hold = { call in
            guard let side = CallSide.of(call) else { return nil }
            let held = HeldInput(side.call.input)
            return OpaquePointer(Unmanaged.passRetained(held).toOpaque())
        }
        table.let_go = { hold in
            guard let hold else { return }
            Unmanaged<HeldInput>.fromOpaque(UnsafeRawPointer(hold)).release()
        }
    }

    private static func addResults(_ table: inout pipes_host) {
        table.emit = { call, port, row, value in
            guard let call, let value else { return HostTable.fatal }
            let host = UnsafeMutableRawPointer(call).assumingMemoryBound(to: HostCall.self)
            if port == 0, host.pointee.emitting.take(value, row: row) { return HostTable.ok }
            return HostTable.emit(host, value, port: port, row: row)
        }
        table.settle = { call, row, status, text, size in
            guard let side = CallSide.of(call) else { return }
            guard side.kind == .process,
                side.call.settle(row: row, Answer(status), HostTable.string(text, size))
            else {
                side.noteMisuse("settled row \(row) with \(status), which it may not")
                return
            }
        }
        table.explain = { node, call, text, size in
            if let side = CallSide.of(call) {
                side.call.explanation = HostTable.string(text, size)
            } else {
                NodeSide.of(node)?.explain(HostTable.string(text, size) ?? "")
            }
        }
    }

    /// What is not the common case. Not inlined: the common one would have to save registers for it.
    @inline(never)
    private static func emit(
        _ host: UnsafeMutablePointer<HostCall>, _ value: UnsafePointer<pipes_value>, port: UInt32,
        row: UInt64
    ) -> pipes_status {
        host.pointee.side.takeUnretainedValue().emit(value.pointee, port: port, row: row)
    }

    private static func addDeferral(_ table: inout pipes_host) {
        table.defer = { call, context in
            guard let side = CallSide.of(call) else { return pipes_ticket(id: 0) }
            guard side.processor.defers, side.ticket == nil else {
                side.noteMisuse(
                    side.ticket == nil
                        ? "deferred a call without the flag PIPES_DEFERS"
                        : "deferred one call twice")
                return pipes_ticket(id: 0)
            }
            side.deferContext = context
            let ticket = Tickets.open.add(side)
            side.ticket = ticket
            side.call.noteAttention()
            return pipes_ticket(id: ticket)
        }
        table.resume = { _, ticket in Tickets.open.side(ticket.id)?.head }
        table.complete = { _, ticket, status, value in
            guard let (call, side) = Tickets.open.remove(ticket.id) else {
                HostTable.refuseCompletion(ticket.id)
                return false
            }
            side.complete(call, status, value?.pointee)
            return true
        }
        table.cancelled = { _, ticket in Tickets.open.isCancelled(ticket.id) }
    }

    private static func addNode(_ table: inout pipes_host) {
        table.stopping = { node in NodeSide.of(node)?.context.isStopping ?? true }
        table.log = { node, level, text, size in
            guard let context = NodeSide.of(node)?.context else { return }
            context.logger.log(
                level: HostTable.logLevel(level),
                "node \"\(context.name)\": \(HostTable.string(text, size) ?? "")")
        }
        table.env = { node, name in
            guard let side = NodeSide.of(node), let name else { return nil }
            return side.value(String(cString: name))
        }
        table.node_name = { node in NodeSide.of(node).map { UnsafePointer($0.name) } }
        table.input_count = { node in UInt64(NodeSide.of(node)?.context.inputCount ?? 0) }
        table.output_used = { node, port in
            guard let used = NodeSide.of(node)?.context.outputsUsed else { return false }
            return Int(port) < used.count && used[Int(port)]
        }
        table.concurrency = { node in UInt64(NodeSide.of(node)?.context.concurrency ?? 1) }
        table.count = { node, metric, delta in
            guard let context = NodeSide.of(node)?.context, let metric else { return }
            context.count(String(cString: metric), delta)
        }
        table.extension = { _, id in
            guard let id, String(cString: id) == HostTimers.id else { return nil }
            return UnsafeRawPointer(HostTimers.pointer)
        }
    }

    /// A ticket that is not open was completed: a second time, too late, or it never was one.
    private static func refuseCompletion(_ ticket: UInt64) {
        if let node = Tickets.open.formerNode(ticket) {
            node.reportMisuse("completed a call that was completed or given up before")
            return
        }
        let misuse = "completed ticket \(ticket), which it never had or closed long ago"
        let holders = Tickets.open.holders
        if holders.count == 1 {
            holders[0].reportMisuse(misuse)
        } else {
            let names = holders.map { "\"\($0.name)\"" }.joined(separator: ", ")
            Logger(label: "pipes").error(
                "a plugin \(misuse); the nodes that defer calls: \(names.isEmpty ? "none" : names)")
        }
    }

    // MARK: Between C and Swift

    static var ok: pipes_status { pipes_status(PIPES_OK) }
    static var retry: pipes_status { pipes_status(PIPES_RETRY) }
    static var fatal: pipes_status { pipes_status(PIPES_FATAL) }

    /// A copy of a plugin's text, repaired where it is no UTF-8.
    static func string(_ text: UnsafePointer<CChar>?, _ size: Int) -> String? {
        guard let text, size > 0 else { return nil }
        let bytes = UnsafeRawBufferPointer(start: text, count: size)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func logLevel(_ level: pipes_level) -> Logger.Level {
        switch Int(level) {
        case Int(PIPES_DEBUG): .debug
        case Int(PIPES_INFO): .info
        case Int(PIPES_WARNING): .warning
        default: .error
        }
    }
}

/// Inputs that outlive their call: what stands behind a `pipes_hold`.
private final class HeldInput: Sendable {
    private let storage: RowStorage?

    init(_ storage: RowStorage?) {
        self.storage = storage
    }
}

extension CallSide {
    func emit(_ value: pipes_value, port: UInt32, row: UInt64) -> pipes_status {
        if kind == .map {
            noteMisuse("emitted from map")
            return HostTable.fatal
        }
        guard Int(port) < processor.outputCount else {
            noteMisuse("emitted by output \(port); it has \(processor.outputCount)")
            return HostTable.fatal
        }
        if let flaw = processor.flaw(of: value, port: Int(port)) {
            noteMisuse(flaw)
            return HostTable.fatal
        }
        if kind == .produce, call.emission.count(port: Int(port)) >= call.demand {
            return HostTable.retry
        }
        let isFromRow = row != UInt64.max && kind == .process
        if isFromRow, row >= UInt64(call.rowCount) {
            noteMisuse("emitted a value of row \(row); the batch has \(call.rowCount)")
            return HostTable.fatal
        }
        let isOfOwnKind = PluginProcessor.isOfKind(value, processor.outputKinds[Int(port)])
        call.emission.append(
            value, port: Int(port), row: isFromRow ? Int(row) : nil, isOfOwnKind: isOfOwnKind)
        if port == 0 { memory.pointee.emitting.noteRoom(mayTake: mostValues) }
        return HostTable.ok
    }

    /// Hands a deferred call back to its node. The ticket is closed already.
    func complete(_ call: Call, _ status: pipes_status, _ value: pipes_value?) {
        takeArenaBack()
        var answer = Answer(status)
        if answer == .deferred {
            answer = .notAllowed("completed a call with DEFERRED")
        }
        var result: PlainValue?
        let port = head.pointee.port
        if kind == .map, answer == .ok || answer == .last {
            let value = value ?? pipes_value()
            if let flaw = processor.flaw(of: value, port: Int(port)) { noteMisuse(flaw) }
            result = PlainValue(value)
        }
        if let misuse {
            call.explanation = misuse
            answer = .reject
        }
        call.complete(answer, value: result, port: port)
    }
}
