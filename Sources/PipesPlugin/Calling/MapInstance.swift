internal import CPipes

/// A map behind `map`.
final class MapInstance<P: MapProcessor>: Instance, @unchecked Sendable {
    // A place of its own, without checks of exclusive access: the thread contract of pipes.h stands
    // for it.
    private let processor = UnsafeMutablePointer<P>.allocate(capacity: 1)
    // Asked once: looking at associated types is slow in code that is generic.
    private let width = P.width

    override init(_ blueprint: Blueprint) {
        processor.initialize(to: P())
        if P.PlainOutput.self == Absent.self {
            super.init(blueprint)
        } else {
            super.init(blueprint, plainMap: P.plainMap(of: processor))
        }
    }

    deinit {
        processor.deinitialize(count: 1)
        processor.deallocate()
    }

    override func open(_ node: Node, args: UnsafeBufferPointer<pipes_value>) throws {
        try ArgList(of: processor.pointee).set(args)
        try processor.pointee.open(node)
    }

    override func close() { processor.pointee.close() }

    /// Where it is not plain.
    override func map(
        _ call: Call, _ row: UnsafePointer<pipes_value>,
        _ result: UnsafeMutablePointer<pipes_value>
    ) -> pipes_status {
        do {
            return try start(call, checkedRow(row, width: call.pointee.width, wanted: width))
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
                await self.completion(call) { try await method(self.processor.pointee) }
            }
        }
        nonisolated(unsafe) let method = try P.mutatingMethod(row)
        return deferredCalls.start(call, inOrder: true) { call in
            await self.completion(call) { try await method(&self.processor.pointee) }
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
