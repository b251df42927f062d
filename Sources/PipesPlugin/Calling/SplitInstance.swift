internal import CPipes

/// A split behind `process`.
final class SplitInstance<P: SplitProcessor>: BatchInstance<P>, @unchecked Sendable {
    override func take(
        _ row: UnsafeBufferPointer<pipes_value>, at index: UInt64, _ call: Call
    ) throws {
        if P.runsConcurrently {
            var processor = processor  // as in MapInstance
            try emit(processor.splitPlainly(row), from: index, call)
        } else {
            try emit(processor.splitPlainly(row), from: index, call)
        }
    }

    override func takeLater(
        _ row: UnsafeBufferPointer<pipes_value>, at index: UInt64, _ call: Call
    ) async throws {
        let parts = try await P.mutatingMethod(row)(&processor)
        try emit(parts, from: index, call)
    }

    /// All are written before the first is emitted: a row that fails yields nothing.
    private func emit<Parts: Sequence>(
        _ parts: Parts, from index: UInt64, _ call: Call
    ) throws where Parts.Element: ValueWritable {
        let memory = ResultMemory(call)
        for value in try parts.map({ try $0.write(into: memory).value }) {
            try call.emit(row: index, value)
        }
    }
}

/// The processor's `split` by the number of its parameters: the other versions are never called.
extension SplitProcessor {
    typealias Inputs = UnsafeBufferPointer<pipes_value>

    static var runsConcurrently: Bool { concurrent && SharedParts.self != Absent.self }

    mutating func splitPlainly(_ row: Inputs) throws -> PlainParts {
        switch Self.parameterCount {
        case 1: try split(First.read(row, at: 0))
        case 2: try split(First.read(row, at: 0), Second.read(row, at: 1))
        case 3: try split(First.read(row, at: 0), Second.read(row, at: 1), Third.read(row, at: 2))
        default:
            try split(
                First.read(row, at: 0), Second.read(row, at: 1), Third.read(row, at: 2),
                Fourth.read(row, at: 3))
        }
    }

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
