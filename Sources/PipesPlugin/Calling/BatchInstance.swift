internal import CPipes

/// What splits, aggregates and sinks have in common: rows of a batch, one after the other, each
/// settled by itself.
class BatchInstance<P: RowProcessor>: Instance, @unchecked Sendable {
    // Without checks of exclusive access: the thread contract of pipes.h stands for it.
    @exclusivity(unchecked) final var processor = P()
    /// Whether all that `process` calls is plain, so that nothing has to be deferred.
    let isPlain: Bool

    override init(_ blueprint: Blueprint) {
        isPlain = !blueprint.isAsync
        super.init(blueprint)
    }

    /// One row, plainly or in a task, as `isPlain` says.
    func take(_ row: UnsafeBufferPointer<pipes_value>, at index: UInt64, _ call: Call) throws {}
    func takeLater(
        _ row: UnsafeBufferPointer<pipes_value>, at index: UInt64, _ call: Call
    ) async throws {}
    /// Behind the last row of a batch.
    func endBatch() throws {}
    func endBatchLater() async throws {}

    override final func open(_ node: Node, args: UnsafeBufferPointer<pipes_value>) throws {
        try ArgList(of: processor).set(args)
        try processor.open(node)
    }

    override final func close() { processor.close() }

    override final func process(
        _ call: Call, _ batch: UnsafePointer<pipes_batch>
    ) -> pipes_status {
        do {
            let rows = try RowsOfBatch(batch.pointee, call)
            if let wanted = P.width, wanted != rows.width {
                throw ConversionError("wanted a row of \(wanted) inputs, got \(rows.width)")
            }
            if isPlain { return processPlainly(call, rows) }
            return deferredCalls.start(call, inOrder: true) { call in
                DeferredCalls.Completion(status: await self.processLater(call, rows))
            }
        } catch {
            return answer(call, error)
        }
    }

    private func processPlainly(_ call: Call, _ rows: RowsOfBatch) -> pipes_status {
        var answer = Status.ok
        for index in 0..<rows.count {
            do {
                try take(rows.row(index), at: index, call)
            } catch {
                guard let stop = settle(error, at: index, of: rows, call) else { continue }
                guard stop == Status.end else { return stop }
                answer = stop
                break
            }
        }
        do {
            try endBatch()
        } catch {
            return self.answer(call, error)
        }
        return answer
    }

    private func processLater(_ call: Call, _ rows: RowsOfBatch) async -> pipes_status {
        var answer = Status.ok
        for index in 0..<rows.count {
            do {
                try await takeLater(rows.row(index), at: index, call)
            } catch {
                guard let stop = settle(error, at: index, of: rows, call) else { continue }
                guard stop == Status.end else { return stop }
                answer = stop
                break
            }
        }
        do {
            try await endBatchLater()
        } catch {
            return self.answer(call, error)
        }
        return answer
    }

    /// Settles a row by its error; answers the call's status where it ends with this row.
    private func settle(
        _ error: any Error, at index: UInt64, of rows: RowsOfBatch, _ call: Call
    ) -> pipes_status? {
        let outcome = Outcome(error, inputNames: inputNames)
        switch outcome.status {
        case Status.end:
            // This row and those behind it were not taken.
            for rest in index..<rows.count { call.settle(row: rest, Status.skip, nil) }
            return Status.end
        case Status.cancelled where index > 0:
            for rest in index..<rows.count { call.settle(row: rest, Status.cancelled, nil) }
            return Status.ok
        case Status.fatal, Status.cancelled:
            if let text = outcome.text { call.explain(text) }
            return outcome.status
        default:
            if let refused = error as? EmitRefused { return refused.status }
            call.settle(row: index, outcome.status, outcome.text)
            return nil
        }
    }
}
