import CPipes
import PipesCore

/// Runs the closure of a `Coro`. One that awaits nothing is called row by row, as a plugin's map
/// is. Any other runs in a task, which starts on the spot and takes row after row until one really
/// waits: that one keeps the task, and makes its call a deferred one.
///
/// `@unchecked Sendable`: `pace` and `values` belong to whoever starts deferred calls or calls
/// `produce`: one task at a time. Everything else is constant.
final class CoroProcessor: Processor, @unchecked Sendable {
    private let body: Coro.Body
    private let context: Coro.Context
    private let closure: AsyncClosure
    /// Whether a call must be able to end while its closure computes.
    private let isLimited: Bool
    private var pace = StartPace()
    private var values: AnyIterator<Value>?
    private let pump: SourcePump?

    var completesCallsOnce: Bool { true }
    var takesRowsUntilOneWaits: Bool { true }
    var sleepingAdvice: String {
        "sleeps in a call, on a thread that others need; a closure that blocks needs blocks: true"
    }

    /// - Parameter isLimited: whether its node has a timeout.
    init(_ body: Coro.Body, _ context: Coro.Context, isLimited: Bool) {
        self.body = body
        self.context = context
        closure = AsyncClosure(body, context)
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
        let rows = ClosureCall.Rows(values: rows, count: count, width: width, results: results)
        let context = context
        switch body {
        case .source, .values: return (0, .notAllowed("is a source"))
        case .map(let body, _):
            return eachRow(of: rows, call) { try body($0, context).map(Optional.some) }
        case .sink(let body, _):
            return eachRow(of: rows, call) {
                try body($0, context)
                return .some(nil)
            }
        case .asyncMap, .asyncSink: return start(call, rows)
        }
    }

    private func eachRow(
        of rows: ClosureCall.Rows, _ call: Call, _ body: (Coro.Row) throws -> Value??
    ) -> (done: Int, answer: Answer) {
        call.clearAttention()
        var row: Coro.Row = []
        for index in 0..<rows.count {
            rows.copy(index, to: &row)
            let answer = ClosureOutcome { try body(row) }.settle(call, rows.results + index)
            guard answer == .ok else { return (index, answer) }
            // What is done leaves before it has waited for long, or takes much memory.
            if !call.goesOn || call.hasLargeResults { return (index + 1, .ok) }
        }
        return (rows.count, .ok)
    }

    private func start(_ call: Call, _ rows: ClosureCall.Rows) -> (done: Int, answer: Answer) {
        let closureCall = call.attachment as? ClosureCall ?? ClosureCall()
        call.attachment = closureCall
        guard !isLimited, pace.startsAtOnce() else {
            closureCall.startLater(call, rows, closure)
            return (0, .deferred)
        }
        let result = closureCall.startNow(call, rows, closure)
        pace.note(nanoseconds: MonotonicTime.nanoseconds - closureCall.rowStart)
        return result
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
