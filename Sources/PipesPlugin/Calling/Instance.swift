internal import CPipes

typealias Call = UnsafeMutablePointer<pipes_call>

/// One node's processor, behind the `state` of the ABI: the shape decides which calls it answers.
///
/// Sendable by the thread contract of pipes.h, not by a lock: the host never overlaps calls on one
/// node unless the processor is concurrent, and deferred calls that may not overlap run one after
/// the other (`DeferredCalls`).
class Instance: @unchecked Sendable {
    /// What the inputs are called in messages.
    let inputNames: [String]
    let deferredCalls = DeferredCalls()
    private let hasPlainMap: Bool
    /// Takes the place of `map` where it is plain. Not optional: looking into one would copy
    /// the closure, and count the copy.
    private let plainMap: PlainMap

    init(_ blueprint: Blueprint) {
        hasPlainMap = false
        plainMap = { _, _, _ in }
        inputNames = blueprint.inputNames
    }

    init(_ blueprint: Blueprint, plainMap: @escaping PlainMap) {
        hasPlainMap = true
        self.plainMap = plainMap
        inputNames = blueprint.inputNames
    }

    /// Sets the args, then runs the processor's own `open`.
    func open(_ node: Node, args: UnsafeBufferPointer<pipes_value>) throws {}
    func produce(_ call: Call) -> pipes_status { refuse(call, "produce") }
    func map(
        _ call: Call, _ row: UnsafePointer<pipes_value>,
        _ result: UnsafeMutablePointer<pipes_value>
    ) -> pipes_status { refuse(call, "map") }
    func process(_ call: Call, _ batch: UnsafePointer<pipes_batch>) -> pipes_status {
        refuse(call, "process")
    }
    func flush(_ call: Call) -> pipes_status { Status.ok }
    func close() {}

    @inline(__always)
    final func mapInTheShortestWay(
        _ call: Call, _ row: UnsafePointer<pipes_value>,
        _ result: UnsafeMutablePointer<pipes_value>
    ) -> pipes_status {
        guard hasPlainMap else { return map(call, row, result) }
        do {
            try plainMap(call, row, result)
            return Status.ok
        } catch {
            return answer(call, error)
        }
    }

    private func refuse(_ call: Call, _ shape: String) -> pipes_status {
        call.explain("the processor has no \(shape)")
        return Status.fatal
    }

    /// Answers a call that failed as a whole.
    func answer(_ call: Call, _ error: any Error) -> pipes_status {
        let outcome = Outcome(error, inputNames: inputNames)
        if let text = outcome.text { call.explain(text) }
        return outcome.status
    }
}

/// The statuses of pipes.h in the type that the calls answer with.
enum Status {
    static let ok = pipes_status(PIPES_OK)
    static let skip = pipes_status(PIPES_SKIP)
    static let end = pipes_status(PIPES_END)
    static let deferred = pipes_status(PIPES_DEFERRED)
    static let retry = pipes_status(PIPES_RETRY)
    static let reject = pipes_status(PIPES_REJECT)
    static let fatal = pipes_status(PIPES_FATAL)
    static let cancelled = pipes_status(PIPES_CANCELLED)
}

/// What a thrown error means for its row or call.
struct Outcome {
    var status: pipes_status
    /// Why, for logs and dead letters; nil where the status is no failure.
    var text: String?

    init(_ error: any Error, inputNames: [String]) {
        switch error {
        case is Skip: status = Status.skip
        case is EndOfInput: status = Status.end
        case is CancellationError: status = Status.cancelled
        case let refused as EmitRefused: status = refused.status
        case let fatal as Fatal:
            status = Status.fatal
            text = fatal.text
        case is any RetryableError:
            status = Status.retry
            text = "\(error)"
        case let conversion as ConversionError:
            status = Status.reject
            text = conversion.text
            if let input = conversion.input {
                let name = inputNames.indices.contains(input) ? " (\(inputNames[input]))" : ""
                text = "input \(input + 1)\(name): \(conversion.text)"
            }
        default:
            status = Status.reject
            text = "\(error)"
        }
    }
}

/// The host did not take an emitted value: its answer is the call's.
struct EmitRefused: Error {
    var status: pipes_status
}

extension Call {
    func explain(_ text: String) {
        Node(host: pointee.host, node: pointee.node).explain(self, text)
    }

    /// - Throws: `EmitRefused`.
    func emit(row: UInt64, _ value: pipes_value) throws {
        var value = value
        let status = pointee.host.pointee.emit(self, 0, row, &value)
        guard status == Status.ok else { throw EmitRefused(status: status) }
    }

    func settle(row: UInt64, _ status: pipes_status, _ text: String?) {
        guard let text else {
            pointee.host.pointee.settle(self, row, status, nil, 0)
            return
        }
        text.withCText { pointee.host.pointee.settle(self, row, status, $0, $1) }
    }
}
