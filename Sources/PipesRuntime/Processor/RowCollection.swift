import CPipes
import PipesCore

/// The rows of one call of a source, as a value: up to what was asked for, and no more at once than
/// can be sent soon.
struct RowCollection {
    /// Bytes after which rows are handed on.
    private static let byteLimit = 1 << 20
    /// Nanoseconds after which rows are handed on.
    private static let timeLimit = 1_000_000

    private let call: Call
    private let start = MonotonicTime.nanoseconds
    private(set) var count = 0
    private var byteCount = 0
    /// The clock is read once in so many rows that pass quickly.
    private var rowsUntilLook = 1

    init(_ call: Call) { self.call = call }

    private(set) var isFull = false

    /// - Returns: false where there is no memory for it; the call says so.
    mutating func append(_ value: Value) -> Bool {
        guard let copy = value.copied(to: call.storage) else {
            call.explanation = "no memory for a row"
            return false
        }
        call.emission.append(copy, port: 0, row: nil)
        count += 1
        byteCount += copy.byteCount
        rowsUntilLook -= 1
        if count >= call.demand || byteCount >= Self.byteLimit { isFull = true }
        if rowsUntilLook == 0 { look() }
        return true
    }

    private mutating func look() {
        let passed = MonotonicTime.nanoseconds - start
        if passed >= Self.timeLimit { isFull = true }
        let isQuick = passed < Self.timeLimit / 64
        rowsUntilLook = isQuick ? min(64, count) : 1
    }
}
