import CFFI
public import CPipes
import PipesCore

/// An ordinary C function, prepared once for libffi, that is called as a plugin's map is.
///
/// One object serves every node of one coro and signature. Each node has a state of its own: its
/// args, already converted into argument slots.
///
/// `@unchecked Sendable`: the prepared function never changes after init and needs no lock.
public final class BridgedFunction: @unchecked Sendable {
    /// A node's arg that the function can't take, or memory that has run out.
    public struct OpenError: Error, Sendable, Hashable {
        public var message: String

        public init(message: String) {
            self.message = message
        }
    }

    /// As it stands in messages: `crc32`.
    public let name: String
    public let signature: Signature

    private let prepared: OpaquePointer
    /// For each named scalar, in the order of the description's params, its position in the call.
    private let paramPositions: [UInt32]

    /// - Parameters:
    ///   - name: of the function, for messages.
    ///   - signature: what the function takes and returns. Nothing can check that it is true.
    ///   - function: the address of its code, which must stay loaded.
    /// - Throws: `OpenError` where libffi refuses the types or there is no memory.
    public init(
        name: String, signature: Signature, function: UnsafeRawPointer
    ) throws(OpenError) {
        self.name = name
        self.signature = signature
        paramPositions = signature.args.indices.compactMap { position in
            if case .scalar(_?, _, _) = signature.args[position] { UInt32(position) } else { nil }
        }
        guard let prepared = PreparedSignature(name: name, signature: signature).make(function)
        else {
            throw OpenError(message: "libffi can't prepare a call of \(name)")
        }
        self.prepared = prepared
    }

    deinit {
        cffi_function_destroy(prepared)
    }

    /// Makes the state of one node.
    ///
    /// - Parameters:
    ///   - args: in the order of the description's params, checked, defaults filled in; borrowed
    ///     for this call.
    ///   - count: of args.
    /// - Returns: the state for `map`, released with `close`. It must not outlive this object.
    /// - Throws: `OpenError` with the name of the arg that does not fit.
    public func open(
        args: UnsafePointer<pipes_value>?, count: Int
    ) throws(OpenError) -> UnsafeMutableRawPointer {
        guard count == paramPositions.count, let plan = cffi_plan_make(prepared) else {
            throw OpenError(
                message: count == paramPositions.count
                    ? "no memory for the args of \(name)"
                    : "\(count) args, and \(name) takes \(paramPositions.count)")
        }
        do throws(OpenError) {
            try setConstants(of: plan)
            if let args {
                for (index, position) in paramPositions.enumerated() {
                    try Self.set(plan, position, args[index])
                }
            }
        } catch {
            cffi_plan_destroy(plan)
            throw error
        }
        return UnsafeMutableRawPointer(plan)
    }

    /// Calls the function for one row, as `pipes_processor.map`. Several threads may be inside
    /// one state at once; whether the function itself bears that is its `pure`.
    public static let map:
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutablePointer<pipes_call>?,
            UnsafePointer<pipes_value>?, UnsafeMutablePointer<pipes_value>?
        ) -> pipes_status = { cffi_map($0, $1, $2, $3) }

    /// Releases a node's state, as `pipes_processor.close`.
    public static let close: @convention(c) (UnsafeMutableRawPointer?) -> Void = {
        cffi_plan_destroy($0.map { OpaquePointer($0) })
    }

    /// The scalars that have a default and no name.
    private func setConstants(of plan: OpaquePointer) throws(OpenError) {
        for (position, arg) in signature.args.enumerated() {
            guard case .scalar(nil, _, let fallback?) = arg else { continue }
            let position = UInt32(position)
            switch fallback {
            case .int(let integer): try Self.set(plan, position, pipes_int(integer))
            case .float(let real): try Self.set(plan, position, pipes_float(real))
            case .bool(let truth): try Self.set(plan, position, pipes_bool(truth))
            case .string(var text):
                let failure = text.withUTF8 { text -> OpenError? in
                    text.withMemoryRebound(to: CChar.self) { text in
                        do throws(OpenError) {
                            try Self.set(plan, position, pipes_string(text.baseAddress, text.count))
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
                if let failure { throw failure }
            case .null, .bytes, .list, .map, .tensor:
                throw OpenError(message: "a signature has no default of kind \(fallback.kind.name)")
            }
        }
    }

    private static func set(
        _ plan: OpaquePointer, _ position: UInt32, _ value: pipes_value
    ) throws(OpenError) {
        let message = withUnsafeTemporaryAllocation(
            of: CChar.self, capacity: Int(CFFI_MESSAGE_SIZE)
        ) { message -> String? in
            guard let start = message.baseAddress else { return "no memory for a message" }
            return withUnsafePointer(to: value) { value in
                cffi_plan_set(plan, position, value, start) ? nil : String(cString: start)
            }
        }
        if let message { throw OpenError(message: message) }
    }
}
