internal import CPipes

/// An aggregate behind `process` and `flush`.
final class AggregateInstance<P: AggregateProcessor>: BatchInstance<P>, @unchecked Sendable {
    /// What there was no memory for. The rows that it comes from were added and must not come again,
    /// so it waits for the next call.
    private var unwritten: [any ValueWritable] = []

    override func take(
        _ row: UnsafeBufferPointer<pipes_value>, at index: UInt64, _ call: Call
    ) throws {
        try emitUnwritten(call)
        try processor.addPlainly(row)
        try emit(processor.ready(), call)
    }

    override func takeLater(
        _ row: UnsafeBufferPointer<pipes_value>, at index: UInt64, _ call: Call
    ) async throws {
        try emitUnwritten(call)
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
            try emitUnwritten(call)
            let rest: [P.PlainOutput] = try processor.finish()
            try emit(rest, call)
            try emitUnwritten(call)
            return Status.ok
        } catch {
            return answer(call, error)
        }
    }

    private func finishLater(_ call: Call) async -> pipes_status {
        do {
            try emitUnwritten(call)
            let rest: [P.Output] = try await processor.finish()
            try emit(rest, call)
            try emitUnwritten(call)
            return Status.ok
        } catch {
            return answer(call, error)
        }
    }

    private func emit(_ values: [some ValueWritable], _ call: Call) throws {
        let memory = ResultMemory(call)
        for (index, value) in values.enumerated() {
            do {
                try call.emit(row: UInt64.max, value.write(into: memory).value)
            } catch is OutOfMemory {
                unwritten = Array(values[index...])
                return
            }
        }
    }

    /// - Throws: `OutOfMemory` where there still is none; nothing has happened then.
    private func emitUnwritten(_ call: Call) throws {
        while let value = unwritten.first {
            try call.emit(row: UInt64.max, value.write(into: ResultMemory(call)).value)
            unwritten.removeFirst()
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
