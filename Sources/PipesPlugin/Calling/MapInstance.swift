internal import CPipes

/// A map behind `map`.
final class MapInstance<P: MapProcessor>: Instance, @unchecked Sendable {
    private var processor = P()
    private let width = P.width

    override func open(_ node: Node, args: UnsafeBufferPointer<pipes_value>) throws {
        try ArgList(of: processor).set(args)
        try processor.open(node)
    }

    override func close() { processor.close() }

    override func map(
        _ call: Call, _ row: UnsafePointer<pipes_value>,
        _ result: UnsafeMutablePointer<pipes_value>
    ) -> pipes_status {
        do {
            let row = try P.checkedRow(row, width: call.pointee.width)
            guard P.PlainOutput.self != Absent.self else { return try start(call, row) }
            let output: P.PlainOutput
            if P.runsConcurrently {
                // A copy for each call: several may be here, and a mutating requirement, which this
                // processor's method does not use, would want the processor for itself.
                var processor = processor
                output = try processor.mapPlainly(row)
            } else {
                output = try processor.mapPlainly(row)
            }
            result.pointee = try output.write(into: ResultMemory(call)).value
            return Status.ok
        } catch {
            return answer(call, error)
        }
    }

    /// The inputs are read before the call returns, while the row itself is certainly there.
    private func start(
        _ call: Call, _ row: UnsafeBufferPointer<pipes_value>
    ) throws -> pipes_status {
        let row = try P.outlivingRow(row, call)
        if P.SharedOutput.self != Absent.self {
            nonisolated(unsafe) let method = try P.sharedMethod(row)
            return deferredCalls.start(call, inOrder: false) { call in
                await self.completion(call) { try await method(self.processor) }
            }
        }
        nonisolated(unsafe) let method = try P.mutatingMethod(row)
        return deferredCalls.start(call, inOrder: true) { call in
            await self.completion(call) { try await method(&self.processor) }
        }
    }

    private func completion<Output: ValueWritable>(
        _ call: Call, _ method: () async throws -> Output
    ) async -> DeferredCalls.Completion {
        do {
            let value = try await method().write(into: ResultMemory(call)).value
            return DeferredCalls.Completion(status: Status.ok, value: value)
        } catch {
            return DeferredCalls.Completion(status: answer(call, error))
        }
    }
}

/// The processor's `map` by the number of its parameters: the other versions are never called.
extension MapProcessor {
    typealias Inputs = UnsafeBufferPointer<pipes_value>

    static var runsConcurrently: Bool { concurrent && SharedOutput.self != Absent.self }

    mutating func mapPlainly(_ row: Inputs) throws -> PlainOutput {
        switch Self.parameterCount {
        case 1: try map(First.read(row, at: 0))
        case 2: try map(First.read(row, at: 0), Second.read(row, at: 1))
        case 3: try map(First.read(row, at: 0), Second.read(row, at: 1), Third.read(row, at: 2))
        default:
            try map(
                First.read(row, at: 0), Second.read(row, at: 1), Third.read(row, at: 2),
                Fourth.read(row, at: 3))
        }
    }

    static func sharedMethod(_ row: Inputs) throws -> (Self) async throws -> SharedOutput {
        let first = try First.read(row, at: 0)
        guard parameterCount > 1 else { return { try await $0.map(first) } }
        let second = try Second.read(row, at: 1)
        guard parameterCount > 2 else { return { try await $0.map(first, second) } }
        let third = try Third.read(row, at: 2)
        guard parameterCount > 3 else { return { try await $0.map(first, second, third) } }
        let fourth = try Fourth.read(row, at: 3)
        return { try await $0.map(first, second, third, fourth) }
    }

    static func mutatingMethod(_ row: Inputs) throws -> (inout Self) async throws -> Output {
        let first = try First.read(row, at: 0)
        guard parameterCount > 1 else { return { try await $0.map(first) } }
        let second = try Second.read(row, at: 1)
        guard parameterCount > 2 else { return { try await $0.map(first, second) } }
        let third = try Third.read(row, at: 2)
        guard parameterCount > 3 else { return { try await $0.map(first, second, third) } }
        let fourth = try Fourth.read(row, at: 3)
        return { try await $0.map(first, second, third, fourth) }
    }
}
