import CPipes
import PipesCore

/// Turns what a job emitted into batches in which every key of its input is settled.
struct JobSettler {
    private let job: Job
    private let rate: ProcessorDescription.Rate
    /// Whether a row yielded a value by any port.
    private var yields: [Bool]
    private var missing: [Int: Settlement] = [:]
    /// Fails a joined row whose partner never came, by its slot.
    var failMissing: ((Int) -> Settlement)?

    init(_ job: Job, rate: ProcessorDescription.Rate) {
        self.job = job
        self.rate = rate
        yields = Array(repeating: false, count: job.rowCount)
    }

    var yieldingRows: Int { yields.reduce(0) { $0 + ($1 ? 1 : 0) } }

    /// Fails the rows that came without a partner, once for all ports.
    mutating func settleMissing() {
        guard missing.isEmpty, let failMissing, job.input.holes != nil else { return }
        for slot in job.input.slots where job.input.settlement(slot) == .missing {
            missing[slot] = failMissing(slot)
        }
    }

    /// The values of a port under keys of their own.
    func numbered(_ port: Int, first: UInt64) -> Batch {
        let values = job.emitted[port]
        guard !values.isEmpty else { return Batch(bare: []) }
        let run = KeyRun(first: first, count: values.count, settlement: .item)
        return Batch(
            runs: [run], rows: storage(values.map(\.value)), slots: 0..<values.count,
            itemCount: values.count)
    }

    /// The values of a port under the keys of their rows.
    mutating func settled(_ port: Int) -> Batch {
        settleMissing()
        var values = job.emitted[port]
        if zip(values, values.dropFirst()).contains(where: { $0.row > $1.row }) {
            // Rows that came again emitted late. Swift's sort is stable.
            values.sort { $0.row < $1.row }
        }
        var runs: [KeyRun] = []
        var next = 0
        var row = 0
        var slot = job.input.slots.lowerBound
        for run in job.input.runs {
            guard run.settlement == .item else {
                runs.appendJoining(run)
                continue
            }
            for offset in 0..<run.count {
                defer { slot += 1 }
                var key = KeyRun(
                    parent: run.parent, first: run.first + UInt64(offset), count: 1,
                    settlement: job.input.settlement(slot))
                guard key.settlement == .item else {
                    key.settlement = missing[slot] ?? key.settlement
                    runs.appendJoining(key)
                    continue
                }
                let start = next
                while next < values.count, values[next].row == row { next += 1 }
                append(key, row: row, count: next - start, to: &runs)
                row += 1
            }
        }
        return Batch(
            runs: runs, rows: values.isEmpty ? nil : storage(values.map(\.value)),
            slots: 0..<values.count, itemCount: values.count)
    }

    private mutating func append(_ key: KeyRun, row: Int, count: Int, to runs: inout [KeyRun]) {
        var key = key
        if count == 0 {
            let settlement = job.settlement(row)
            key.settlement =
                settlement != .item ? settlement : (rate == .splits ? .empty : .skip)
            runs.appendJoining(key)
            return
        }
        yields[row] = true
        if rate == .splits {
            runs.append(KeyRun(parent: key.key(0), first: 0, count: count, settlement: .item))
        } else {
            runs.appendJoining(key)
        }
    }

    private func storage(_ values: [pipes_value]) -> RowStorage {
        let storage = RowStorage(capacity: values.count)
        storage.values.update(from: values, count: values.count)
        if storage.mayReferToOthers(values.count) {
            for owner in job.owners { storage.keepAlive(owner) }
        }
        return storage
    }
}
