internal import CPipes

/// A sink behind `process`: a batch at a time, so that what it keeps is flushed once for each.
final class SinkInstance<P: SinkProcessor>: BatchInstance<P>, @unchecked Sendable {
    override func take(
        _ row: UnsafeBufferPointer<pipes_value>, at index: UInt64, _ call: Call
    ) throws {
        try processor.takePlainly(row)
    }

    override func takeLater(
        _ row: UnsafeBufferPointer<pipes_value>, at index: UInt64, _ call: Call
    ) async throws {
        _ = try await P.mutatingMethod(row)(&processor)
    }

    override func endBatch() throws {
        guard P.hasFlush else { return }
        let _: P.PlainFlushed = try processor.flush()
    }

    override func endBatchLater() async throws {
        guard P.hasFlush else { return }
        let _: P.Flushed = try await processor.flush()
    }
}

/// The processor's `take` by the number of its parameters: the other versions are never called.
extension SinkProcessor {
    typealias Inputs = UnsafeBufferPointer<pipes_value>

    static func mutatingMethod(_ row: Inputs) throws -> (inout Self) async throws -> Taken {
        let first = try First.read(row, at: 0)
        guard parameterCount > 1 else { return { try await $0.take(first) } }
        let second = try Second.read(row, at: 1)
        guard parameterCount > 2 else { return { try await $0.take(first, second) } }
        let third = try Third.read(row, at: 2)
        guard parameterCount > 3 else { return { try await $0.take(first, second, third) } }
        let fourth = try Fourth.read(row, at: 3)
        return { try await $0.take(first, second, third, fourth) }
    }
}
