import CPipes
import Glibc
import PipesCore
import PipesPluginHost
import PipesRuntime

/// One call of a plugin: notes all that the plugin does in it.
///
/// `@unchecked Sendable`: what changes is behind `state`'s lock; the rest is set before the plugin
/// sees the call.
final class StrictCall: @unchecked Sendable {
    enum Kind: Sendable, Equatable {
        case produce(demand: Int)
        case map(width: Int)
        case process(rows: Int)
        case flush
    }

    struct Emission {
        var port: Int
        /// nil: from several rows or none.
        var row: Int?
        var value: pipes_value
        /// As it was when it was emitted.
        var sample: Sample
    }

    struct Settlement: Hashable {
        var status: pipes_status
        var text: String
    }

    /// What a deferred call was completed with.
    struct Completion {
        var status: pipes_status
        var value: pipes_value?
        /// Copied at once: nobody may ask later.
        var sample: Sample?
        var port: UInt32
    }

    struct State {
        var emissions: [Emission] = []
        var settlements: [Int: Settlement] = [:]
        var explanation: String?
        var ticket: UInt64?
        var context: UnsafeMutableRawPointer?
        var isCancelled = false
        /// The plugin is still inside.
        var isInside = true
        var completion: Completion?
        var isOver = false
        var blocks: [RoomyMemory] = []
        var guardedBlocks: [GuardedMemory] = []
    }

    let node: StrictNode
    let kind: Kind
    let inputs: InputMemory?
    let pointer: UnsafeMutablePointer<pipes_call>
    /// Runs while the plugin is inside defer, before it has its ticket.
    let cancelInDefer: (@Sendable (StrictCall) -> Void)?
    private let thread = pthread_self()
    private let state = Locked(State())

    private static let arenaSize = 4096
    private static let largestAllocation = 1 << 32

    init(
        _ node: StrictNode, _ kind: Kind, inputs: InputMemory?,
        cancelInDefer: (@Sendable (StrictCall) -> Void)? = nil
    ) {
        self.node = node
        self.kind = kind
        self.inputs = inputs
        self.cancelInDefer = cancelInDefer
        pointer = .allocate(capacity: 1)
        var head = pipes_call()
        head.host = node.host
        head.node = node.pointer
        switch kind {
        case .produce(let demand): head.demand = UInt64(demand)
        case .map(let width): head.width = UInt64(width)
        case .process, .flush: break
        }
        let conduct = node.conduct
        if !conduct.guardsAllocations, !conduct.meetsInAllocations,
            conduct.failingAllocation == nil,
            let arena = RoomyMemory(size: Self.arenaSize, alignment: 16)
        {
            head.next = arena.start.assumingMemoryBound(to: CChar.self)
            head.end = head.next + Self.arenaSize
            state.withLock { $0.blocks.append(arena) }
        }
        pointer.initialize(to: head)
        Desk.calls.withLock { $0[UInt(bitPattern: self.pointer)] = self }
    }

    var now: State { state.withLock { $0 } }
    var port: UInt32 { pointer.pointee.port }

    /// Frees what belongs to the call. The plugin must not come back with it.
    func forget() {
        Desk.calls.withLock { $0[UInt(bitPattern: pointer)] = nil }
        let (ticket, blocks, guarded) = state.withLock { state in
            defer { state.blocks = [] }
            return (state.ticket, state.blocks, state.guardedBlocks)
        }
        if let ticket { Desk.tickets.withLock { $0.calls[ticket] = nil } }
        for block in blocks { block.release() }
        for block in guarded { block.release() }
        pointer.deallocate()
    }

    /// What was allocated belongs to the batch, and the plugin can't know how long that is there.
    func forbidAllocations() { for block in now.guardedBlocks { block.forbid() } }

    /// The plugin has returned.
    /// - Returns: the ticket, where it deferred the call.
    func leave() -> UInt64? {
        state.withLock { state in
            state.isInside = false
            if state.ticket == nil { state.isOver = true }
            return state.ticket
        }
    }

    /// A deferred call that nobody waits for any longer.
    func giveUp() { state.withLock { $0.isOver = true } }

    /// Whether the plugin may use the call now.
    func admits(_ function: String) -> Bool {
        let (isOver, isDeferred) = state.withLock { ($0.isOver, $0.ticket != nil) }
        if isOver {
            node.note(.call, "called \(function) for a call that was over")
            return false
        }
        if !isDeferred, pthread_equal(thread, pthread_self()) == 0 {
            node.note(.call, "called \(function) for a call that another thread is inside")
            return false
        }
        return true
    }

    // MARK: What the plugin does

    func allocate(_ size: Int, alignment: Int) -> UnsafeMutableRawPointer? {
        guard alignment > 0, alignment & (alignment - 1) == 0, alignment <= 4096 else {
            node.note(.call, "asked for memory with the alignment \(alignment)")
            return nil
        }
        if node.countAllocation() { return nil }
        guard size >= 0, size <= Self.largestAllocation else { return nil }
        if node.conduct.guardsAllocations {
            guard
                let memory = GuardedMemory(
                    size: max(1, size), alignment: max(8, alignment), side: node.conduct.side)
            else { return nil }
            state.withLock { $0.guardedBlocks.append(memory) }
            return memory.start
        }
        guard let block = RoomyMemory(size: size, alignment: alignment) else { return nil }
        state.withLock { $0.blocks.append(block) }
        if node.conduct.meetsInAllocations { node.meetOthers() }
        return block.start
    }

    func emit(_ value: pipes_value, port: Int, row: UInt64) -> pipes_status {
        if let text = flaw(port: port, row: row) {
            node.note(.emit, text)
            return pipes_status(PIPES_FATAL)
        }
        if let text = ValueRule.flaw(of: value, port: port, of: node.description) {
            node.note(.value, "emitted \(text)")
            return pipes_status(PIPES_FATAL)
        }
        let emission = Emission(
            port: port, row: row == UInt64.max ? nil : Int(row), value: value,
            sample: Sample(copying: value))
        return state.withLock { state in
            if case .produce(let demand) = kind,
                state.emissions.count(where: { $0.port == port }) >= demand
            {
                return pipes_status(PIPES_RETRY)
            }
            state.emissions.append(emission)
            return pipes_status(PIPES_OK)
        }
    }

    private func flaw(port: Int, row: UInt64) -> String? {
        let description = node.description
        if description.isSink { return "emitted a value although it has PIPES_SINK" }
        guard port < description.outputs.count else {
            return "emitted by output \(port); it has \(description.outputs.count)"
        }
        let hasRow = row != UInt64.max
        switch kind {
        case .produce:
            return hasRow ? "emitted a value of row \(row), and a source has no rows" : nil
        case .map: return "emitted from map: a map's value is its result"
        case .flush:
            return description.rate == .aggregates
                ? nil
                : "emitted in flush although its rate is \(description.rate.word): the value has "
                    + "no row"
        case .process(let rows):
            if hasRow, row >= UInt64(rows) {
                return "emitted a value of row \(row) of a batch of \(rows)"
            }
            if description.rate == .aggregates {
                return hasRow
                    ? "emitted a value of row \(row) although it aggregates: PIPES_NO_ROW is due"
                    : nil
            }
            guard hasRow else {
                return "emitted a value with PIPES_NO_ROW although its rate is "
                    + description.rate.word
            }
            let isSecond = state.withLock { state in
                state.emissions.contains { $0.port == port && $0.row == Int(row) }
            }
            return description.rate == .keeps && isSecond
                ? "emitted two values by output \(port) for one row although rows keep their keys"
                : nil
        }
    }

    func settle(row: UInt64, _ status: pipes_status, _ text: String) {
        guard case .process(let rows) = kind else {
            node.note(.call, "called settle in a call that is no process")
            return
        }
        guard row < UInt64(rows) else {
            node.note(.call, "settled row \(row) of a batch of \(rows)")
            return
        }
        switch Int(status) {
        case PIPES_OK, PIPES_SKIP, PIPES_RETRY, PIPES_REJECT, PIPES_FATAL, PIPES_CANCELLED: break
        default:
            node.note(.status, "settled a row with \(StatusRule.name(status))")
            return
        }
        state.withLock { state in
            state.settlements[Int(row)] = Settlement(status: status, text: text)
        }
    }

    func explain(_ text: String) { state.withLock { $0.explanation = text } }

    // MARK: Deferral

    func `defer`(_ context: UnsafeMutableRawPointer?) -> UInt64 {
        guard node.description.flags.contains(.defers) else {
            node.note(.deferral, "called defer without the flag PIPES_DEFERS")
            return 0
        }
        guard now.ticket == nil else {
            node.note(.deferral, "called defer twice in one call")
            return 0
        }
        let ticket = Desk.tickets.withLock { tickets in
            tickets.last += 1
            tickets.calls[tickets.last] = self
            return tickets.last
        }
        state.withLock { state in
            state.ticket = ticket
            state.context = context
        }
        cancelInDefer?(self)
        return ticket
    }

    /// - Returns: false where it was completed before.
    func complete(_ status: pipes_status, _ value: pipes_value?) -> Bool {
        var completion = Completion(status: status, value: value, sample: nil, port: port)
        if let value, value.flaw == nil { completion.sample = Sample(copying: value) }
        let isFirst = state.withLock { state in
            guard state.completion == nil, !state.isOver else { return false }
            state.completion = completion
            state.isOver = true
            return true
        }
        if !isFirst { node.note(.deferral, "completed a call that was completed before") }
        return isFirst
    }

    /// - Returns: whether it was not cancelled before and is open.
    func cancel() -> Bool {
        state.withLock { state in
            guard !state.isCancelled, !state.isOver else { return false }
            state.isCancelled = true
            return true
        }
    }
}
