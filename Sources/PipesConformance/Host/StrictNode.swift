import CPipes
import Glibc
import PipesCore
import PipesPluginHost
import PipesRuntime

/// The host's side of one node: what it is told, and what the plugin did that it may not.
///
/// `@unchecked Sendable`: what changes is behind `state`'s lock; the rest is constant.
final class StrictNode: @unchecked Sendable {
    let description: ProcessorDescription
    let conduct: Conduct
    let host: UnsafePointer<pipes_host>
    let inputCount: Int
    let name: UnsafeMutablePointer<CChar>
    /// What plugins know the node by: never given to anybody else.
    let pointer: OpaquePointer

    private struct State {
        var misuses: [Misuse] = []
        var explanation: String?
        var allocationCount = 0
        var isStopping = false
        var isClosed = false
        var adoptions: [Adoption] = []
        var holdCount = 0
        /// Threads that came into an allocation, all in all, and how often nobody else came.
        var arrivals = 0
        var lonelyArrivals = 0
    }

    private struct Adoption {
        var release: @convention(c) (UnsafeMutableRawPointer?) -> Void
        var context: UnsafeMutableRawPointer?
    }

    private let state = Locked(State())
    private static let mostMisuses = 20

    init(_ description: ProcessorDescription, inputCount: Int, conduct: Conduct) {
        self.description = description
        self.conduct = conduct
        self.inputCount = inputCount
        host = StrictHost.table(conduct.tableForm)
        name = .allocate(capacity: 8)
        for (index, byte) in "checked\0".utf8.enumerated() { name[index] = CChar(byte) }
        pointer = OpaquePointer(UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16))
        Desk.nodes.withLock { $0[UInt(bitPattern: self.pointer)] = self }
    }

    /// The plugin must not come back with this node.
    func forget() {
        Desk.nodes.withLock { $0[UInt(bitPattern: pointer)] = nil }
        name.deallocate()
        UnsafeMutableRawPointer(pointer).deallocate()
    }

    func note(_ rule: Misuse.Rule, _ text: String) {
        let misuse = Misuse(rule: rule, text: text)
        state.withLock { state in
            guard state.misuses.count < Self.mostMisuses, !state.misuses.contains(misuse) else {
                return
            }
            state.misuses.append(misuse)
        }
    }

    var misuses: [Misuse] { state.withLock { $0.misuses } }

    var isStopping: Bool { state.withLock { $0.isStopping } }
    func stop() { state.withLock { $0.isStopping = true } }

    var isClosed: Bool { state.withLock { $0.isClosed } }
    func markClosed() { state.withLock { $0.isClosed = true } }

    func explain(_ text: String) { state.withLock { $0.explanation = text } }
    var explanation: String? { state.withLock { $0.explanation } }

    /// - Returns: whether this one fails.
    func countAllocation() -> Bool {
        state.withLock { state in
            state.allocationCount += 1
            return state.allocationCount == conduct.failingAllocation
        }
    }

    var allocationCount: Int { state.withLock { $0.allocationCount } }

    func adopt(
        release: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void,
        context: UnsafeMutableRawPointer?
    ) {
        let adoption = Adoption(release: release, context: context)
        state.withLock { $0.adoptions.append(adoption) }
    }

    /// Runs what was handed over with adopt, each once.
    /// - Returns: how many there were.
    @discardableResult
    func releaseAdoptions() -> Int {
        let adoptions = state.withLock { state in
            defer { state.adoptions = [] }
            return state.adoptions
        }
        for adoption in adoptions { adoption.release(adoption.context) }
        return adoptions.count
    }

    /// Waits a moment for another thread to come, so that both go on in the plugin at once.
    func meetOthers() {
        let (number, isWaiting) = state.withLock { state in
            state.arrivals += 1
            return (state.arrivals, state.lonelyArrivals < 200)
        }
        // The second of two goes on with the first one.
        guard isWaiting, number % 2 == 1 else { return }
        let start = ContinuousClock.now
        while state.withLock({ $0.arrivals }) == number {
            sched_yield()
            guard ContinuousClock.now - start < .microseconds(500) else {
                return state.withLock { $0.lonelyArrivals += 1 }
            }
        }
    }

    func countHold(_ change: Int) { state.withLock { $0.holdCount += change } }
    /// Holds that were taken and not let go.
    var holdCount: Int { state.withLock { $0.holdCount } }
}

/// What plugins have pointers and tickets of, so that one that was made up or is over is told from
/// a good one.
enum Desk {
    static let nodes = Locked<[UInt: StrictNode]>([:])
    static let calls = Locked<[UInt: StrictCall]>([:])
    static let holds = Locked<[UInt: Hold]>([:])
    static let tickets = Locked(Tickets())
    /// Misuse that can't be told whose it is.
    static let strays = Locked<[Misuse]>([])

    struct Tickets {
        var last: UInt64 = 0
        var calls: [UInt64: StrictCall] = [:]
    }

    /// Inputs that outlive their call.
    final class Hold: @unchecked Sendable {  // constant
        let node: StrictNode
        let inputs: InputMemory?
        let memory: UnsafeMutableRawPointer

        init(_ node: StrictNode, _ inputs: InputMemory?) {
            self.node = node
            self.inputs = inputs
            memory = .allocate(byteCount: 16, alignment: 16)
        }
    }

    static func noteStray(_ rule: Misuse.Rule, _ text: String) {
        strays.withLock { $0.append(Misuse(rule: rule, text: text)) }
    }

    static func node(_ pointer: OpaquePointer?, _ function: String) -> StrictNode? {
        let node = nodes.withLock { $0[UInt(bitPattern: pointer)] }
        guard let node else {
            noteStray(.call, "called \(function) with a pipes_node that it never had")
            return nil
        }
        if node.isClosed { node.note(.call, "called \(function) for a node that was closed") }
        return node
    }

    static func call(_ pointer: UnsafeMutablePointer<pipes_call>?, _ function: String)
        -> StrictCall?
    {
        let call = calls.withLock { $0[UInt(bitPattern: pointer)] }
        guard let call else {
            noteStray(.call, "called \(function) with a pipes_call that it does not have")
            return nil
        }
        return call.admits(function) ? call : nil
    }
}
