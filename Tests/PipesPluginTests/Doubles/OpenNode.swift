import PipesPlugin

/// A processor of a plugin, opened as a node of a graph would be.
final class OpenNode: @unchecked Sendable {  // constant; the plugin's own thread contract holds
    struct OpenFailed: Error {
        var status: Int
        var noted: [String]
    }

    let processor: pipes_processor
    let node = StrictNode()
    private let state: UnsafeMutableRawPointer?
    private let argCall: StrictCall

    /// - Parameter args: in the order of the params.
    init(_ name: String, of plugin: UnsafePointer<pipes_plugin>?, args: [Value] = []) throws {
        let node = self.node
        guard
            let processor = plugin?.processors.first(where: { String(cString: $0.name) == name }),
            let open = processor.open
        else { throw OpenFailed(status: 0, noted: ["no processor \(name)"]) }
        self.processor = processor
        argCall = StrictCall(node: node)
        let memory = ResultMemory(argCall.pointer)
        let values = try args.map { try $0.write(into: memory).value }
        var state: UnsafeMutableRawPointer?
        let status = values.withUnsafeBufferPointer {
            open(StrictHost.pointer, node.pointer, $0.baseAddress, $0.count, &state)
        }
        self.state = state
        guard Int(status) == PIPES_OK else {
            throw OpenFailed(status: Int(status), noted: node.noted)
        }
    }

    func close() { processor.close?(state) }

    func produce(demand: UInt64 = 100, cancelled: Cancellation = .never) async -> Answer {
        let call = StrictCall(node: node, demand: demand)
        let status = processor.produce?(state, call.pointer) ?? -100
        if cancelled == .afterwards { processor.cancel?(state, call.ticket, call.context) }
        return await call.answer(status)
    }

    /// - Parameters:
    ///   - row: the joined inputs.
    ///   - cancelled: when the call is cancelled, if at all.
    ///   - allocations: how many the memory limit allows.
    func map(
        _ row: Value..., cancelled: Cancellation = .never, allocations: Int = .max
    ) async throws -> Answer {
        let inputs = StrictCall(node: node)
        let memory = ResultMemory(inputs.pointer)
        var values = try row.map { try $0.write(into: memory).value }
        let call = StrictCall(node: node, width: row.count, allocations: allocations)
        if cancelled == .insideDefer {
            call.whenDeferred = { [processor, state] in processor.cancel?(state, $0, $1) }
        }
        var result = pipes_null()
        let status = processor.map?(state, call.pointer, &values, &result) ?? -100
        // The array that the row came in is the host's, and gone.
        for index in values.indices { values[index] = pipes_value() }
        if cancelled == .afterwards { processor.cancel?(state, call.ticket, call.context) }
        let answer = await call.answer(status) { result }
        withExtendedLifetime(inputs) {}
        return answer
    }

    enum Cancellation {
        case never
        case insideDefer
        case afterwards
    }

    func process(_ rows: [[Value]], cancelled: Cancellation = .never) async throws -> Answer {
        let inputs = StrictCall(node: node)
        let memory = ResultMemory(inputs.pointer)
        let width = rows.first?.count ?? 1
        let columns = try (0..<width).map { input in
            let column = try memory.allocate(pipes_value.self, count: rows.count)
            for (index, row) in rows.enumerated() {
                column[index] = try row[input].write(into: memory).value
            }
            return UnsafePointer(column) as UnsafePointer<pipes_value>?
        }
        let call = StrictCall(node: node)
        let status = columns.withUnsafeBufferPointer { columns in
            var batch = pipes_batch(
                count: UInt64(rows.count), width: UInt64(width), columns: columns.baseAddress)
            return processor.process?(state, call.pointer, &batch) ?? -100
        }
        if cancelled == .afterwards { processor.cancel?(state, call.ticket, call.context) }
        let answer = await call.answer(status)
        withExtendedLifetime(inputs) {}
        return answer
    }

    func flush() async -> Answer {
        let call = StrictCall(node: node)
        return await call.answer(processor.flush?(state, call.pointer) ?? -100)
    }
}

extension UnsafePointer<pipes_plugin> {
    var processors: UnsafeBufferPointer<pipes_processor> {
        UnsafeBufferPointer(start: pointee.processors, count: Int(pointee.processor_count))
    }
}
