internal import CGuard
internal import CPipes
internal import PipesCore
internal import PipesRuntime

/// The C functions of a processor, and how it is opened: a plugin's own, or those that bridge to a
/// library function.
///
/// `@unchecked Sendable`: pointers to code and static data of libraries that are never unloaded.
struct ProcessorEntry: @unchecked Sendable {
    let description: ProcessorDescription
    let functions: pipes_processor
    let bridged: BridgedFunction?
    /// The library that its functions are in.
    let file: String

    /// A library that was loaded again under another name has its functions elsewhere.
    func hasSameCode(as other: ProcessorEntry) -> Bool {
        functions.name == other.functions.name && addresses == other.addresses
    }

    private var addresses: [UnsafeRawPointer?] {
        [
            unsafeBitCast(functions.open, to: UnsafeRawPointer?.self),
            unsafeBitCast(functions.produce, to: UnsafeRawPointer?.self),
            unsafeBitCast(functions.map, to: UnsafeRawPointer?.self),
            unsafeBitCast(functions.process, to: UnsafeRawPointer?.self),
        ]
    }

    func open(
        node: OpaquePointer, args: UnsafePointer<pipes_value>, count: Int
    ) -> Result<UnsafeMutableRawPointer?, OpenFailure> {
        if let bridged {
            do throws(BridgedFunction.OpenError) {
                return .success(try bridged.open(args: args, count: count))
            } catch {
                return .failure(OpenFailure(error.message))
            }
        }
        guard let open = functions.open else { return .success(nil) }
        var state: UnsafeMutableRawPointer?
        var thrown = cguard_thrown()
        let status = cguard_open(open, HostTable.pointer, node, args, count, &state, &thrown)
        if thrown.is_thrown { return .failure(OpenFailure(thrown.description)) }
        if status == PIPES_OK { return .success(state) }
        return .failure(OpenFailure("answered \(status) without an explanation"))
    }
}
