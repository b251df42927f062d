/// What the results that a node holds weigh, as a value: when they are to be sent, and whether
/// another row may be started before there is room for its result.
struct ResultLoad {
    /// Bytes after which results are sent; nil where the node feeds no queue.
    private let share: Int?
    /// Whether rows may wait for others that are to be started.
    private let holdsRows: Bool
    /// Of results that have not left.
    private(set) var byteCount = 0
    /// About what a result takes: the largest of late.
    private var usualByteCount = 0

    init(share: Int?, holdsRows: Bool) {
        self.share = share
        self.holdsRows = holdsRows
    }

    /// A row was settled with a result.
    mutating func add(_ bytes: Int) {
        byteCount += bytes
        usualByteCount = max(bytes, usualByteCount - usualByteCount / 8 - 1)
    }

    /// Results have left.
    mutating func remove(_ bytes: Int) { byteCount -= bytes }

    /// Whether so many bytes are enough for a batch.
    func isShare(_ bytes: Int) -> Bool { share.map { bytes >= $0 } ?? false }

    var isShareFull: Bool { isShare(byteCount) }

    /// Whether another row may be started.
    /// - Parameters:
    ///   - inFlight: rows whose results are still to come.
    ///   - isBlocked: whether results wait for room on an edge. Then those in flight are counted as
    ///     if they had come.
    func mayStart(inFlight: Int, isBlocked: Bool) -> Bool {
        guard let share, !holdsRows else { return true }
        if isBlocked { return byteCount + (inFlight + 1) * usualByteCount <= share }
        return byteCount < share * 2
    }
}
