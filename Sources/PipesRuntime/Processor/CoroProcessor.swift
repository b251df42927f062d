import CPipes
import PipesCore

/// Runs the closure of a `Coro`. One that awaits nothing is called row by row, as a plugin's map
/// is. Any other has a task for each row: it starts on the spot, and only a closure that really
/// waits makes its call a deferred one.
///
/// `@unchecked Sendable`: `pace` and `values` belong to whoever starts deferred calls or calls
/// `produce`: one task at a time. Everything else is constant.
final class CoroProcessor: Processor, @unchecked Sendable {
    private let body: Coro.Body
    private let context: Coro.Context
    /// Whether a call must be able to end while its closure computes.
    private let isLimited: Bool
    private var pace = StartPace()
    private var values: AnyIterator<Value>?
    private let pump: SourcePump?

    var completesCallsOnce: Bool { true }
    var sleepingAdvice: String {
        "sleeps in a call, on a thread that others need; a closure that blocks needs blocks: true"
    }

    /// - Parameter isLimited: whether its node has a timeout.
    init(_ body: Coro.Body, _ context: Coro.Context, isLimited: Bool) {
        self.body = body
        self.context = context
        self.isLimited = isLimited
        if case .source(let makeRows) = body {
            pump = SourcePump(makeRows, context)
        } else {
            pump = nil
        }
    }

    func open() {}

    func close() { pump?.close() }

    // MARK: Sources

    func produce(_ call: Call) -> Answer {
        if let pump { return pump.answer(call) }
        guard case .values(let makeIterator) = body else { return .notAllowed("is not a source") }
        let values = self.values ?? makeIterator()
        self.values = values
        var batch = RowCollection(call)
        while !batch.isFull {
            guard let value = values.next() else { return .end }
            guard batch.append(value) else { return .fatal }
        }
        return .ok
    }

    // MARK: Maps and sinks

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        call.clearAttention()
        for index in 0..<count {
            let row = (0..<width).map { Value(copying: rows[index * width + $0]) }
            let answer = answer(row, call, results + index)
            guard answer == .ok else { return (index, answer) }
            // What is done leaves before it has waited for long, or takes much memory.
            if !call.goesOn || isLarge(call) { return (index + 1, .ok) }
        }
        return (count, .ok)
    }

    private func isLarge(_ call: Call) -> Bool {
        guard let storage = call.storageInUse else { return false }
        return storage.ownedByteCount >= call.byteShare
    }

    private func answer(
        _ row: Coro.Row, _ call: Call, _ result: UnsafeMutablePointer<pipes_value>
    ) -> Answer {
        let context = context
        switch body {
        case .source, .values: return .notAllowed("is a source")
        case .map(let body, _):
            return ClosureOutcome { try body(row, context).map(Optional.some) }
                .settle(call, result)
        case .sink(let body, _):
            return ClosureOutcome {
                try body(row, context)
                return .some(nil)
            }.settle(call, result)
        case .asyncMap(let body):
            return start(call, result) { try await body(row, context).map(Optional.some) }
        case .asyncSink(let body):
            return start(call, result) {
                try await body(row, context)
                return .some(nil)
            }
        }
    }

    private func start(
        _ call: Call, _ result: UnsafeMutablePointer<pipes_value>,
        _ body: @escaping ClosureOutcome.Body
    ) -> Answer {
        let closureCall = call.attachment as? ClosureCall ?? ClosureCall()
        call.attachment = closureCall
        guard !isLimited, pace.startsAtOnce() else {
            closureCall.startLater(call, body)
            return .deferred
        }
        let start = MonotonicTime.nanoseconds
        let outcome = closureCall.startNow(call, body)
        pace.note(nanoseconds: MonotonicTime.nanoseconds - start)
        return outcome?.settle(call, result) ?? .deferred
    }

    func cancel(_ call: Call) {
        (call.attachment as? ClosureCall)?.cancel()
        pump?.stop()
    }

    func abandon(_ call: Call) {
        (call.attachment as? ClosureCall)?.abandon()
        pump?.abandon()
    }
}
