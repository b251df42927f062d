internal import CPipes

/// An aggregate behind `process` and `flush`.
final class AggregateInstance<P: AggregateProcessor>: BatchInstance<P>, @unchecked Sendable {
    override func take(
        _ row: UnsafeBufferPointer<pipes_value>, at index: UInt64, _ call: Call
    ) throws {
        try processor.addPlainly(row)
        try emit(processor.ready(), call)
    }

    override func takeLater(
        _ row: UnsafeBufferPointer<pipes_value>, at index: UInt64, _ call: Call
    ) async throws {
        _ = try await P.mutatingMethod(row)(&processor)
        try emit(processor.ready(), call)
    }

    override func flush(_ call: Call) -> pipes_status {
        guard isPlain else {
            return deferredCalls.start(call, inOrder: true) { call in
                DeferredCalls.Completion(status: await self.finishLater(call))
            }
        }
        do {
            let rest: [P.PlainOutput] = try processor.finish()
            try emit(rest, call)
            return Status.ok
        } catch {
            return answer(call, error)
        }
    }

    private func finishLater(_ call: Call) async -> pipes_status {
        do {
            let rest: [P.Output] = try await processor.finish()
            try emit(rest, call)
            return Status.ok
        } catch {
            return answer(call, error)
        }
    }

    private func emit(_ values: [some ValueWritable], _ call: Call) throws {
        let memory = ResultMemory(call)
        for value in values {
            try call.emit(row: UInt64.max, value.write(into: memory).value)
        }
    }
}

/// The processor's `add` by the number of its parameters: the other versions are never called.
extension AggregateProcessor {
    typealias Inputs = UnsafeBufferPointer<pipes_value>

    static func mutatingMethod(_ row: Inputs) throws -> (inout Self) async throws -> Added {
        let first = try First.read(row, at: 0)
        guard parameterCount > 1 else { return { try await $0.add(first) } }
        let second = try Second.read(row, at: 1)
        guard parameterCount > 2 else { return { try await $0.add(first, second) } }
        let third = try Third.read(row, at: 2)
        guard parameterCount > 3 else { return { try await $0.add(first, second, third) } }
        let fourth = try Fourth.read(row, at: 3)
        return { try await $0.add(first, second, third, fourth) }
    }
}
