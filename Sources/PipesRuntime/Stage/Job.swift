import CPipes
import PipesCore

/// A batch that a processor works on as a whole: the calls it still needs, and what they yielded.
///
/// Rows are counted among the items of the batch, from 0, as the processor sees them.
final class Job {
    /// Rows to be passed in together.
    struct Attempt {
        /// nil: all.
        var rows: [Int]?
        /// Which attempt this is for them, from 1.
        var number: Int
    }

    let input: Batch
    @exclusivity(unchecked) var call: Call
    @exclusivity(unchecked) var todo: [Attempt]
    @exclusivity(unchecked) var isOpen = false
    /// When the last call began, in nanoseconds.
    @exclusivity(unchecked) var callStart = 0
    @exclusivity(unchecked) var pauseEnd: ContinuousClock.Instant?
    /// How long a test held rows back before the first call.
    @exclusivity(unchecked) var delay = Duration.zero
    /// What became of rows that are no items (any longer); nil while all are.
    @exclusivity(unchecked) private(set) var settlements: [Settlement]?
    /// Values by port, each with its row.
    @exclusivity(unchecked) var emitted: [[(row: Int, value: pipes_value)]]
    /// What the emitted values may point into.
    @exclusivity(unchecked) private(set) var owners: [RowStorage] = []
    private let dense: Batch
    @exclusivity(unchecked) private var memory: [UnsafeMutablePointer<pipes_value>] = []
    private let columns: UnsafeMutablePointer<UnsafePointer<pipes_value>?>

    init(_ input: Batch, call: Call, outputs: Int) {
        self.input = input
        self.call = call
        dense = input.dense()
        todo = input.itemCount > 0 ? [Attempt(rows: nil, number: 1)] : []
        emitted = Array(repeating: [], count: outputs)
        columns = .allocate(capacity: input.width)
        if let rows = input.rows { owners.append(rows) }
    }

    deinit {
        releaseColumns()
        columns.deallocate()
    }

    var rowCount: Int { input.itemCount }
    var isDone: Bool { todo.isEmpty && !isOpen }

    func settle(_ row: Int, as settlement: Settlement) {
        if settlements == nil { settlements = Array(repeating: .item, count: rowCount) }
        settlements?[row] = settlement
    }

    func settlement(_ row: Int) -> Settlement { settlements?[row] ?? .item }

    /// Rows that are still items.
    var itemCount: Int {
        settlements?.reduce(0) { $0 + ($1 == .item ? 1 : 0) } ?? rowCount
    }

    /// Keeps what the call allocated: emitted values lie there.
    func keepCallStorage() {
        if let storage = call.storageInUse { owners.append(storage) }
    }

    /// The rows of an attempt, column by column, valid until the next attempt.
    func batch(_ attempt: Attempt) -> pipes_batch {
        releaseColumns()
        guard let storage = dense.rows else { return pipes_batch() }
        let width = storage.width
        let first = storage.values + dense.slots.lowerBound * width
        let count = attempt.rows?.count ?? rowCount
        for column in 0..<width {
            if width == 1, attempt.rows == nil {
                columns[0] = UnsafePointer(first)
                continue
            }
            let values = UnsafeMutablePointer<pipes_value>.allocate(capacity: max(1, count))
            for index in 0..<count {
                let row = attempt.rows?[index] ?? index
                (values + index).initialize(to: first[row * width + column])
            }
            memory.append(values)
            columns[column] = UnsafePointer(values)
        }
        return pipes_batch(count: UInt64(count), width: UInt64(width), columns: columns)
    }

    private func releaseColumns() {
        for values in memory { values.deallocate() }
        memory.removeAll()
    }

    /// What is wrong with rows, by row.
    func flaws(_ kinds: RowKinds) -> [Int: String] {
        guard let storage = dense.rows else { return [:] }
        let width = storage.width
        let first = storage.values + dense.slots.lowerBound * width
        var flaws: [Int: String] = [:]
        var row = 0
        while row < rowCount {
            row += kinds.soundPrefix(first + row * width, count: rowCount - row, width: width)
            guard row < rowCount else { break }
            flaws[row] = kinds.flaw(first + row * width, width: width)
            row += 1
        }
        return flaws
    }

    /// The slot of a row in the input.
    func slot(of row: Int) -> Int {
        guard input.itemCount < input.slots.count else { return input.slots.lowerBound + row }
        var left = row
        for slot in input.slots where input.settlement(slot) == .item {
            if left == 0 { return slot }
            left -= 1
        }
        return input.slots.lowerBound
    }
}
