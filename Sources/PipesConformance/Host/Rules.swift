import CPipes
import PipesCore

/// Which answers a call allows (pipes.h, "status" and the functions of pipes_processor).
enum StatusRule {
    static func name(_ status: pipes_status) -> String {
        switch Int(status) {
        case PIPES_OK: "PIPES_OK"
        case PIPES_SKIP: "PIPES_SKIP"
        case PIPES_END: "PIPES_END"
        case PIPES_DEFERRED: "PIPES_DEFERRED"
        case PIPES_LAST: "PIPES_LAST"
        case PIPES_RETRY: "PIPES_RETRY"
        case PIPES_REJECT: "PIPES_REJECT"
        case PIPES_FATAL: "PIPES_FATAL"
        case PIPES_CANCELLED: "PIPES_CANCELLED"
        default: "the unknown status \(status)"
        }
    }

    /// What is wrong with an answer of `open`, or nil.
    static func flaw(ofOpen status: pipes_status) -> String? {
        switch Int(status) {
        case PIPES_OK, PIPES_RETRY, PIPES_REJECT, PIPES_FATAL, PIPES_CANCELLED: nil
        default: "open answered \(name(status)), which is neither PIPES_OK nor a failure"
        }
    }

    /// What is wrong with an answer, or nil.
    ///
    /// - Parameters:
    ///   - wasAsked: whether the node was told to stop, or the call cancelled.
    ///   - wasCancelled: whether the call was cancelled.
    static func flaw(
        of status: pipes_status, in kind: StrictCall.Kind, wasAsked: Bool, wasCancelled: Bool
    ) -> String? {
        let isAllowed =
            switch (Int(status), kind) {
            case (PIPES_OK, _), (PIPES_RETRY, _), (PIPES_FATAL, _), (PIPES_DEFERRED, _): true
            case (PIPES_END, _): true
            case (PIPES_CANCELLED, .produce): wasCancelled
            case (PIPES_CANCELLED, _): wasAsked
            case (PIPES_SKIP, .map), (PIPES_LAST, .map): true
            case (PIPES_REJECT, .map), (PIPES_REJECT, .process): true
            default: false
            }
        if isAllowed { return nil }
        if Int(status) == PIPES_CANCELLED, wasAsked {
            return "produce answered PIPES_CANCELLED when it was told to stop; a source then "
                + "answers PIPES_END"
        }
        if Int(status) == PIPES_CANCELLED {
            return "\(kind.word) answered PIPES_CANCELLED, and nobody had asked it to stop"
        }
        return "\(kind.word) answered \(name(status)), which \(kind.word) may not"
    }
}

/// What a value must be like.
enum ValueRule {
    /// What is wrong with a value for an output, or nil.
    static func flaw(
        of value: pipes_value, port: Int, of description: ProcessorDescription
    ) -> String? {
        if let flaw = value.flaw { return flaw }
        if let flaw = flawInside(value) { return flaw }
        if value.flags != 0 { return "a value whose flags are \(value.flags) and not zero" }
        guard port < description.outputs.count else { return nil }
        let output = description.outputs[port]
        if output.kind == .any || value.kind == 0 || value.kind == output.kind.rawValue {
            return nil
        }
        let actual = Kind(rawValue: value.kind)?.name ?? "kind \(value.kind)"
        return "\(actual) by output \(output.name.quoted), which is \(output.kind.name)"
    }

    /// What the host itself takes as it is, and others may not.
    private static func flawInside(_ value: pipes_value) -> String? {
        switch Kind(rawValue: value.kind) {
        case .bool where value.integer != 0 && value.integer != 1:
            return "a BOOL whose integer is \(value.integer) and neither 0 nor 1"
        case .tensor:
            guard let head = value.ext.map({ pipes_tensor(at: $0) }) else { return nil }
            return head.flaw ?? wrongSize(value.size, of: head)
        case .list, .map:
            let items = UnsafeBufferPointer(
                start: value.items, count: value.size > 0 ? value.itemCount ?? 0 : 0)
            return items.lazy.compactMap { flawInside($0) }.first
        default: return nil
        }
    }

    private static func wrongSize(_ size: UInt64, of head: pipes_tensor) -> String? {
        guard let sizes = head.sizes, let bytes = head.elementType.byteCount(of: sizes),
            size != 0, size != UInt64(bytes)
        else { return nil }
        return "a TENSOR whose size is \(size), and its elements take \(bytes) bytes"
    }
}

extension StrictCall.Kind {
    /// The name of the descriptor's field.
    var word: String {
        switch self {
        case .produce: "produce"
        case .map: "map"
        case .process: "process"
        case .flush: "flush"
        }
    }
}
