import PipesPlugin
import Synchronization

/// What became of a call.
struct Answer: Sendable {
    struct Settlement: Sendable, Equatable {
        var status: Int
        var text: String
    }

    var status: Int
    /// The result of a map.
    var value: Value?
    var why: String?
    /// The rows (nil for none) and values in the order of emit.
    var emitted: [Value] = []
    var emittedRows: [UInt64?] = []
    var settled: [UInt64: Settlement] = [:]
    var wasDeferred = false
}

/// A call in progress, and the memory of its results, which is freed with it.
final class StrictCall: @unchecked Sendable {  // `state` is behind its lock, the rest is constant
    private struct Head {
        var call: pipes_call
        var owner: Unmanaged<StrictCall>
    }

    private struct State {
        var answer = Answer(status: 0)
        var chunks: [UnsafeMutableRawPointer] = []
        var allocationsLeft: Int
        var context: UnsafeMutableRawPointer?
        var isComplete = false
        var completed: CheckedContinuation<Void, Never>?
    }

    private let head = UnsafeMutablePointer<Head>.allocate(capacity: 1)
    private let state: Mutex<State>
    private let demand: UInt64?
    let ticket: pipes_ticket
    /// Runs inside defer, before its caller has the ticket.
    var whenDeferred: ((pipes_ticket, UnsafeMutableRawPointer?) -> Void)?

    private static let open = Mutex<[UInt64: StrictCall]>([:])
    private static let lastTicket = Atomic<UInt64>(0)

    init(
        node: StrictNode, width: Int = 0, demand: UInt64? = nil, allocations: Int = .max
    ) {
        self.demand = demand
        state = Mutex(State(allocationsLeft: allocations))
        ticket = pipes_ticket(
            id: Self.lastTicket.wrappingAdd(1, ordering: .relaxed).newValue)
        head.initialize(
            to: Head(call: pipes_call(), owner: Unmanaged.passUnretained(self)))
        // No room at `next`: every allocation is one of its own, so that tools see an overrun.
        head.pointee.call.host = StrictHost.pointer
        head.pointee.call.node = node.pointer
        head.pointee.call.demand = demand ?? 0
        head.pointee.call.width = UInt64(width)
    }

    deinit {
        state.withLock { for chunk in $0.chunks { chunk.deallocate() } }
        head.deallocate()
    }

    var pointer: UnsafeMutablePointer<pipes_call> {
        UnsafeMutableRawPointer(head).assumingMemoryBound(to: pipes_call.self)
    }

    static func of(_ call: UnsafeMutablePointer<pipes_call>?) -> StrictCall? {
        guard let call else { return nil }
        return UnsafeMutableRawPointer(call).assumingMemoryBound(to: Head.self).pointee.owner
            .takeUnretainedValue()
    }

    static func open(_ ticket: pipes_ticket) -> StrictCall? { open.withLock { $0[ticket.id] } }

    var context: UnsafeMutableRawPointer? { state.withLock { Sent($0.context) }.value }

    /// The answer, once the call is completed; `status` is what the function returned.
    func answer(
        _ status: pipes_status, result: () -> pipes_value? = { nil }
    ) async -> Answer {
        if Int(status) == PIPES_DEFERRED {
            await withCheckedContinuation { continuation in
                let isComplete = state.withLock { state in
                    if !state.isComplete { state.completed = continuation }
                    return state.isComplete
                }
                if isComplete { continuation.resume() }
            }
            return state.withLock { $0.answer }
        }
        let value = result()
        return state.withLock { state in
            state.answer.status = Int(status)
            if Int(status) == PIPES_OK || Int(status) == PIPES_LAST {
                state.answer.value = value.flatMap { try? Value(RawValue($0)) }
            }
            return state.answer
        }
    }

    // MARK: What the host's functions do

    func allocate(_ size: Int, _ alignment: Int) -> UnsafeMutableRawPointer? {
        let chunk: Sent<UnsafeMutableRawPointer?> = state.withLock { state in
            guard state.allocationsLeft > 0 else { return Sent(nil) }
            state.allocationsLeft -= 1
            let chunk = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: alignment)
            state.chunks.append(chunk)
            return Sent(chunk)
        }
        return chunk.value
    }

    func emit(_ row: UInt64, _ value: pipes_value) -> pipes_status {
        let copy = (try? Value(RawValue(value))) ?? .string("unreadable")
        return state.withLock { state in
            if let demand, UInt64(state.answer.emitted.count) >= demand {
                return pipes_status(PIPES_RETRY)
            }
            state.answer.emitted.append(copy)
            state.answer.emittedRows.append(row == UInt64.max ? nil : row)
            return pipes_status(PIPES_OK)
        }
    }

    func settle(_ row: UInt64, _ status: pipes_status, _ text: String) {
        state.withLock {
            $0.answer.settled[row] = Answer.Settlement(status: Int(status), text: text)
        }
    }

    func explain(_ text: String) { state.withLock { $0.answer.why = text } }

    func deferred(_ context: UnsafeMutableRawPointer?) -> pipes_ticket {
        let sent = Sent(context)
        state.withLock {
            $0.context = sent.value
            $0.answer.wasDeferred = true
        }
        Self.open.withLock { $0[ticket.id] = self }
        whenDeferred?(ticket, context)
        return ticket
    }

    func complete(_ status: pipes_status, _ value: pipes_value?) -> Bool {
        guard Self.open.withLock({ $0.removeValue(forKey: ticket.id) }) != nil else {
            return false
        }
        let copy = value.flatMap { try? Value(RawValue($0)) }
        let continuation = state.withLock { state in
            state.answer.status = Int(status)
            state.answer.value = copy
            state.isComplete = true
            return state.completed.take()
        }
        continuation?.resume()
        return true
    }
}

/// A pointer that goes through a lock.
private struct Sent<Pointer>: @unchecked Sendable {
    let value: Pointer
    init(_ value: Pointer) { self.value = value }
}
