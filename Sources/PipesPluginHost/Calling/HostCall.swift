internal import CPipes
internal import PipesCore
internal import PipesRuntime

/// A call as a plugin sees it: the head that pipes.h shows, and behind it the way back to Swift.
struct HostCall {
    var head: pipes_call
    var emitting: Emitting
    var side: Unmanaged<CallSide>
}

/// What `emit` must know of a call for the common case, a sound value by the first output. It lies
/// beside the head, since nothing may be counted or locked for each row that is emitted.
struct Emitting {
    /// The first output's values.
    var port: UnsafeMutablePointer<EmittedValues>
    /// The kind of the first output.
    var kind: UInt32
    /// Values that are taken here: as many as there is room for, and no more than may be taken.
    var limit = 0
    /// Rows of the batch that a value may come from.
    var rowCount: UInt64 = 0

    mutating func noteRoom(mayTake count: Int) { limit = min(count, port.pointee.capacity) }

    /// - Returns: false where it is no common case.
    @inline(__always)
    func take(_ value: UnsafePointer<pipes_value>, row: UInt64) -> Bool {
        // PIPES_NO_ROW, the largest number, becomes 0 here, and below the -1 that it is to the
        // runtime.
        guard PluginProcessor.isPlain(value, kind), row &+ 1 <= rowCount,
            port.pointee.count < limit
        else { return false }
        port.pointee.append(ofOwnKind: value.pointee, row: Int(bitPattern: UInt(row)))
        return true
    }
}

/// The host's side of a call: owns the memory that the plugin has a pointer to.
///
/// `@unchecked Sendable`: as `Call`, it belongs to one thread at a time; what `cancel` and
/// `complete` share from any thread is in the ticket table, under its lock.
final class CallSide: @unchecked Sendable {
    /// What the plugin may do in a call.
    enum Kind {
        case produce
        case map
        case process
        case flush
    }

    // Both outlive this: the call owns it, and the node that makes calls owns the processor. Safe
    // references would be counted for every row that is emitted.
    unowned(unsafe) let call: Call
    unowned(unsafe) let processor: PluginProcessor
    let memory: UnsafeMutablePointer<HostCall>
    let batch: UnsafeMutablePointer<pipes_batch>
    @exclusivity(unchecked) var kind = Kind.map
    private let mayEmit: Bool
    /// Values that are taken in this call at most.
    @exclusivity(unchecked) private(set) var mostValues = 0
    /// The ticket, once the plugin deferred this call.
    @exclusivity(unchecked) var ticket: UInt64?
    var deferContext: UnsafeMutableRawPointer?
    /// What the plugin did in this call that it may not.
    @exclusivity(unchecked) var misuse: String?

    init(_ call: Call, _ processor: PluginProcessor) {
        self.call = call
        self.processor = processor
        mayEmit = processor.outputCount > 0
        memory = .allocate(capacity: 1)
        batch = .allocate(capacity: 1)
        batch.initialize(to: pipes_batch())
        var head = pipes_call()
        head.host = HostTable.pointer
        head.node = processor.nodePointer
        let emitting = Emitting(
            port: call.emission.first, kind: processor.firstOutputKind)
        memory.initialize(
            to: HostCall(
                head: head, emitting: emitting, side: Unmanaged.passUnretained(self)))
    }

    deinit {
        batch.deallocate()
        memory.deallocate()
    }

    var head: UnsafeMutablePointer<pipes_call> {
        UnsafeMutableRawPointer(memory).assumingMemoryBound(to: pipes_call.self)
    }

    /// The side of a call that a plugin handed back.
    static func of(_ call: OpaquePointerToCall?) -> CallSide? {
        guard let call else { return nil }
        return UnsafeMutableRawPointer(call).assumingMemoryBound(to: HostCall.self)
            .pointee.side.takeUnretainedValue()
    }

    func begin(_ kind: Kind, width: Int = 0) {
        self.kind = kind
        ticket = nil
        if misuse != nil { misuse = nil }
        let call = call
        call.clearAttention()
        call.lendArena(to: head)
        switch kind {
        case .map: mostValues = 0
        case .produce: mostValues = call.demand
        case .process, .flush: mostValues = Int.max
        }
        if !mayEmit { mostValues = 0 }
        memory.pointee.emitting.noteRoom(mayTake: mostValues)
        memory.pointee.emitting.rowCount = kind == .process ? UInt64(call.rowCount) : 0
        head.pointee.demand = kind == .produce ? UInt64(call.demand) : 0
        head.pointee.width = UInt64(width)
        head.pointee.port = 0
    }

    /// Takes the arena back. Not for a deferred call: another thread may allocate from it.
    func takeArenaBack() { call.takeArenaBack(from: head) }

    /// More memory was taken, or could not be had. What came of so much of it leaves before there
    /// is more; what could not be had is said of the row that wanted it, and of no other.
    func noteMemory(of storage: RowStorage) {
        guard kind == .map,
            storage.missingByteCount != nil || storage.ownedByteCount >= call.byteShare
        else { return }
        call.comeBack()
    }

    func noteMisuse(_ what: String) {
        if misuse == nil { misuse = what }
        call.noteAttention()
        call.node.reportMisuse(what)
    }
}

typealias OpaquePointerToCall = UnsafeMutablePointer<pipes_call>

/// The deferred calls that plugins hold tickets of, all runs together: a ticket is a number that
/// is never used again, so that a late, double or made-up one is told from an open one.
final class Tickets: Sendable {
    static let open = Tickets()

    private struct State {
        var last: UInt64 = 0
        var sides: [UInt64: Entry] = [:]
        /// The tickets that were closed last, each in the place of its number: whoever comes back
        /// with one of them can be named.
        var closed: [(ticket: UInt64, node: NodeContext)?] = Array(
            repeating: nil, count: Tickets.rememberedCount)
        /// Open nodes that defer: one of them it must be that brings a ticket nobody knows.
        var holders: [ObjectIdentifier: NodeContext] = [:]
    }

    private static let rememberedCount = 1024

    private struct Entry {
        /// Keeps the call alive as long as the plugin may come back to it.
        var call: Call
        var side: CallSide
        var isCancelled = false
    }

    private let state = Locked(State())

    func add(_ side: CallSide) -> UInt64 {
        state.withLock { state in
            state.last += 1
            state.sides[state.last] = Entry(call: side.call, side: side)
            return state.last
        }
    }

    func add(holder: NodeContext) {
        state.withLock { $0.holders[ObjectIdentifier(holder)] = holder }
    }

    func remove(holder: NodeContext) {
        state.withLock { $0.holders[ObjectIdentifier(holder)] = nil }
    }

    /// The open nodes that defer, by name.
    var holders: [NodeContext] {
        state.withLock { Array($0.holders.values) }.sorted { $0.name < $1.name }
    }

    func side(_ ticket: UInt64) -> CallSide? { state.withLock { $0.sides[ticket]?.side } }

    /// - Returns: nil where the ticket is not open; nobody else gets it after this.
    func remove(_ ticket: UInt64) -> (call: Call, side: CallSide)? {
        state.withLock { state in
            guard let entry = state.sides.removeValue(forKey: ticket) else { return nil }
            state.closed[Int(ticket % UInt64(Tickets.rememberedCount))] = (ticket, entry.call.node)
            return (entry.call, entry.side)
        }
    }

    /// Whose ticket this was, where it was closed not long ago.
    func formerNode(_ ticket: UInt64) -> NodeContext? {
        state.withLock { state in
            let closed = state.closed[Int(ticket % UInt64(Tickets.rememberedCount))]
            return closed?.ticket == ticket ? closed?.node : nil
        }
    }

    func isCancelled(_ ticket: UInt64) -> Bool {
        state.withLock { $0.sides[ticket]?.isCancelled ?? true }
    }

    /// - Returns: whether the ticket is open and was not cancelled before.
    func cancel(_ ticket: UInt64) -> Bool {
        state.withLock { state in
            guard let entry = state.sides[ticket], !entry.isCancelled else { return false }
            state.sides[ticket]?.isCancelled = true
            return true
        }
    }
}
