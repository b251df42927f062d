internal import CPipes
internal import PipesCore
internal import PipesRuntime

/// A source of rows at hand, in place of a graph's own.
///
/// `@unchecked Sendable`: calls of one processor never overlap, and only `produce` touches `next`.
final class RowSource: Processor, @unchecked Sendable {
    private let rows: [Value]
    private var next = 0

    init(_ rows: [Value]) {
        self.rows = rows
    }

    func open() throws(OpenFailure) {}

    func produce(_ call: Call) -> Answer {
        for value in rows[next...].prefix(call.demand) {
            guard let copy = value.copied(to: call.storage) else {
                call.explanation = "no memory for a row"
                return .fatal
            }
            call.emission.append(copy, port: 0, row: nil)
            next += 1
        }
        return next == rows.count ? .end : .ok
    }

    /// What stands in for the source: all of it but how it runs.
    static func description(
        for source: ProcessorDescription
    ) -> ProcessorDescription {
        var description = source
        description.flags = [.nonblocking]
        description.holds = .none
        return description
    }
}
