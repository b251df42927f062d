internal import CPipes
internal import Synchronization

typealias OpenFunction =
    @convention(c) (
        UnsafePointer<pipes_host>?, OpaquePointer?, UnsafePointer<pipes_value>?, Int,
        UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> pipes_status

/// The `open` functions of the processors.
///
/// The ABI does not tell `open` whose it is, and a C function pointer of Swift carries no context
/// and no generic type. So each processor has an `open` of its own, from a fixed supply.
enum OpenSlots {
    static var count: Int { functions.count }

    /// Gives each blueprint an `open` function for good; nil where not enough are left.
    static func claim(_ blueprints: [Blueprint]) -> [(blueprint: Blueprint, open: OpenFunction)]? {
        let first: Int? = claimed.withLock { claimed in
            guard blueprints.count <= functions.count - claimed.count else { return nil }
            let first = claimed.count
            claimed += blueprints.map(Claim.init)
            return first
        }
        return first.map { Array(zip(blueprints, functions[$0...])) }
    }

    static func blueprint(_ slot: Int) -> Blueprint? {
        claimed.withLock { $0.indices.contains(slot) ? $0[slot] : nil }?.blueprint
    }

    private struct Claim: @unchecked Sendable {  // immutable; types and functions alone
        let blueprint: Blueprint
    }

    private static let claimed = Mutex<[Claim]>([])

    private static let functions: [OpenFunction] = [
        { openSlot(0, $0, $1, $2, $3, $4) },
        { openSlot(1, $0, $1, $2, $3, $4) },
        { openSlot(2, $0, $1, $2, $3, $4) },
        { openSlot(3, $0, $1, $2, $3, $4) },
        { openSlot(4, $0, $1, $2, $3, $4) },
        { openSlot(5, $0, $1, $2, $3, $4) },
        { openSlot(6, $0, $1, $2, $3, $4) },
        { openSlot(7, $0, $1, $2, $3, $4) },
        { openSlot(8, $0, $1, $2, $3, $4) },
        { openSlot(9, $0, $1, $2, $3, $4) },
        { openSlot(10, $0, $1, $2, $3, $4) },
        { openSlot(11, $0, $1, $2, $3, $4) },
        { openSlot(12, $0, $1, $2, $3, $4) },
        { openSlot(13, $0, $1, $2, $3, $4) },
        { openSlot(14, $0, $1, $2, $3, $4) },
        { openSlot(15, $0, $1, $2, $3, $4) },
        { openSlot(16, $0, $1, $2, $3, $4) },
        { openSlot(17, $0, $1, $2, $3, $4) },
        { openSlot(18, $0, $1, $2, $3, $4) },
        { openSlot(19, $0, $1, $2, $3, $4) },
        { openSlot(20, $0, $1, $2, $3, $4) },
        { openSlot(21, $0, $1, $2, $3, $4) },
        { openSlot(22, $0, $1, $2, $3, $4) },
        { openSlot(23, $0, $1, $2, $3, $4) },
        { openSlot(24, $0, $1, $2, $3, $4) },
        { openSlot(25, $0, $1, $2, $3, $4) },
        { openSlot(26, $0, $1, $2, $3, $4) },
        { openSlot(27, $0, $1, $2, $3, $4) },
        { openSlot(28, $0, $1, $2, $3, $4) },
        { openSlot(29, $0, $1, $2, $3, $4) },
        { openSlot(30, $0, $1, $2, $3, $4) },
        { openSlot(31, $0, $1, $2, $3, $4) },
        { openSlot(32, $0, $1, $2, $3, $4) },
        { openSlot(33, $0, $1, $2, $3, $4) },
        { openSlot(34, $0, $1, $2, $3, $4) },
        { openSlot(35, $0, $1, $2, $3, $4) },
        { openSlot(36, $0, $1, $2, $3, $4) },
        { openSlot(37, $0, $1, $2, $3, $4) },
        { openSlot(38, $0, $1, $2, $3, $4) },
        { openSlot(39, $0, $1, $2, $3, $4) },
        { openSlot(40, $0, $1, $2, $3, $4) },
        { openSlot(41, $0, $1, $2, $3, $4) },
        { openSlot(42, $0, $1, $2, $3, $4) },
        { openSlot(43, $0, $1, $2, $3, $4) },
        { openSlot(44, $0, $1, $2, $3, $4) },
        { openSlot(45, $0, $1, $2, $3, $4) },
        { openSlot(46, $0, $1, $2, $3, $4) },
        { openSlot(47, $0, $1, $2, $3, $4) },
        { openSlot(48, $0, $1, $2, $3, $4) },
        { openSlot(49, $0, $1, $2, $3, $4) },
        { openSlot(50, $0, $1, $2, $3, $4) },
        { openSlot(51, $0, $1, $2, $3, $4) },
        { openSlot(52, $0, $1, $2, $3, $4) },
        { openSlot(53, $0, $1, $2, $3, $4) },
        { openSlot(54, $0, $1, $2, $3, $4) },
        { openSlot(55, $0, $1, $2, $3, $4) },
        { openSlot(56, $0, $1, $2, $3, $4) },
        { openSlot(57, $0, $1, $2, $3, $4) },
        { openSlot(58, $0, $1, $2, $3, $4) },
        { openSlot(59, $0, $1, $2, $3, $4) },
        { openSlot(60, $0, $1, $2, $3, $4) },
        { openSlot(61, $0, $1, $2, $3, $4) },
        { openSlot(62, $0, $1, $2, $3, $4) },
        { openSlot(63, $0, $1, $2, $3, $4) },
    ]
}
