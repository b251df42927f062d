internal import CPipes

/// A split behind `process`.
final class SplitInstance<P: SplitProcessor>: BatchInstance<P>, @unchecked Sendable {
    private let isConcurrent = P.concurrent && P.SharedParts.self != Absent.self

    override func take(
        _ row: UnsafeBufferPointer<pipes_value>, at index: UInt64, _ call: Call
    ) throws {
        let memory = ResultMemory(call)
        let values: [pipes_value]
        if isConcurrent {
            // A copy for each call: several may be here, and a mutating requirement, which this
            // processor's method does not use, would want the processor for itself.
            var processor = processor
            values = try processor.splitPlainly(row, into: memory)
        } else {
            values = try processor.splitPlainly(row, into: memory)
        }
        try emit(values, from: index, call)
    }

    override func takeLater(
        _ row: UnsafeBufferPointer<pipes_value>, at index: UInt64, _ call: Call
    ) async throws {
        let parts = try await P.mutatingMethod(row)(&processor)
        let memory = ResultMemory(call)
        try emit(parts.map { try $0.write(into: memory).value }, from: index, call)
    }

    /// All are written before the first is emitted: a row that fails yields nothing.
    private func emit(_ values: [pipes_value], from index: UInt64, _ call: Call) throws {
        for value in values { try call.emit(row: index, value) }
    }
}

/// The processor's `split` by the number of its parameters: the other versions are never called.
extension SplitProcessor {
    typealias Inputs = UnsafeBufferPointer<pipes_value>

    static func mutatingMethod(_ row: Inputs) throws -> (inout Self) async throws -> Parts {
        let first = try First.read(row, at: 0)
        guard parameterCount > 1 else { return { try await $0.split(first) } }
        let second = try Second.read(row, at: 1)
        guard parameterCount > 2 else { return { try await $0.split(first, second) } }
        let third = try Third.read(row, at: 2)
        guard parameterCount > 3 else { return { try await $0.split(first, second, third) } }
        let fourth = try Fourth.read(row, at: 3)
        return { try await $0.split(first, second, third, fourth) }
    }
}
