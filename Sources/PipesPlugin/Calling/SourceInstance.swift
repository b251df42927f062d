internal import CPipes

/// A source behind `produce`.
final class SourceInstance<P: SourceProcessor>: Instance, @unchecked Sendable {
    // Without checks of exclusive access: the thread contract of pipes.h stands for it.
    @exclusivity(unchecked) private var processor = P()
    private let isPlain = P.PlainOutput.self != Absent.self
    /// An error that came after rows which must not be lost with it: the next call's answer.
    private var pendingError: (any Error)?
    /// A row that there was no memory for: the next call yields it.
    private var unwritten: P.PlainOutput?
    private var unwrittenLater: P.Output?

    override func open(_ node: Node, args: UnsafeBufferPointer<pipes_value>) throws {
        try ArgList(of: processor).set(args)
        try processor.open(node)
    }

    override func close() { processor.close() }

    override func produce(_ call: Call) -> pipes_status {
        guard isPlain else {
            return deferredCalls.start(call, inOrder: true) { call in
                DeferredCalls.Completion(status: await self.produceOne(call))
            }
        }
        if let error = pendingError {
            pendingError = nil
            return end(call, error)
        }
        return producePlain(call)
    }

    /// Rows until there are enough or a millisecond has passed: the rows of a source that waits
    /// should not wait for each other.
    private func producePlain(_ call: Call) -> pipes_status {
        let start = P.nonblocking ? nil : ContinuousClock.now
        var count: UInt64 = 0
        while count < call.pointee.demand {
            do {
                guard
                    let row = try processor.nextPlainly(
                        into: ResultMemory(call), unwritten: &unwritten)
                else { return Status.end }
                try call.emit(row: UInt64.max, row.value)
                count += 1
            } catch is Skip {
            } catch let refused as EmitRefused {
                return refused.status
            } catch {
                guard count > 0 else { return end(call, error) }
                if !(error is OutOfMemory) { pendingError = error }
                return Status.ok
            }
            if let start, start.duration(to: .now) > .milliseconds(1) { break }
        }
        return Status.ok
    }

    /// One row: waiting for a second one would hold back the first.
    private func produceOne(_ call: Call) async -> pipes_status {
        do {
            let row: P.Output? =
                if let unwrittenLater { unwrittenLater } else { try await processor.next() }
            guard let row else { return Status.end }
            unwrittenLater = row
            let value = try row.write(into: ResultMemory(call)).value
            unwrittenLater = nil
            try call.emit(row: UInt64.max, value)
            return Status.ok
        } catch is Skip {
            return Status.ok
        } catch {
            return end(call, error)
        }
    }

    /// A source has no row to reject: an error is the graph's, and a cancelled one has ended.
    private func end(_ call: Call, _ error: any Error) -> pipes_status {
        let outcome = Outcome(error, inputNames: [])
        if let text = outcome.text { call.explain(text) }
        return switch outcome.status {
        case Status.reject: Status.fatal
        case Status.cancelled: Status.end
        default: outcome.status
        }
    }
}
