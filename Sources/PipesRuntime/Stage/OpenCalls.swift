/// The deferred calls of a node that are waited for, as a value: which ones take too long, and
/// which were asked to stop and still don't. No step looks at calls that nothing happened to.
struct OpenCalls {
    /// Why a call is asked to stop.
    enum Reason: Equatable {
        case timeout
        case cancel
    }

    private struct Entry {
        var call: Call
        /// nil: it was not asked to stop.
        var reason: Reason?
        /// Its number among the deadlines or, once it was asked to stop, among the ends of grace.
        var alarm: UInt64?
    }

    private var entries: [ObjectIdentifier: Entry] = [:]
    private var deadlines = DueQueue<ObjectIdentifier>()
    private var graceEnds = DueQueue<ObjectIdentifier>()

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }

    mutating func open(_ call: Call, deadline: ContinuousClock.Instant? = nil) {
        let id = ObjectIdentifier(call)
        entries[id] = Entry(call: call, alarm: deadline.map { deadlines.add(id, at: $0) })
    }

    /// - Returns: nil where the call is not open (any longer); else why it was asked to stop, if
    ///   it was.
    mutating func close(_ call: Call) -> Reason?? {
        guard let entry = entries.removeValue(forKey: ObjectIdentifier(call)) else { return nil }
        if let alarm = entry.alarm {
            _ = entry.reason == nil ? deadlines.remove(alarm) : graceEnds.remove(alarm)
        }
        return .some(entry.reason)
    }

    /// The calls that are to be asked to stop now, noted as such.
    mutating func stop(
        all: Bool, now: ContinuousClock.Instant, grace: Duration
    ) -> [Call] {
        var stopped: [Call] = []
        while let id = deadlines.popDue(now) {
            stop(id, all ? .cancel : .timeout, graceEnd: now + grace, &stopped)
        }
        // All that are open are in their grace already where that is as many.
        guard all, graceEnds.count < entries.count else { return stopped }
        deadlines = DueQueue()
        for (id, entry) in entries where entry.reason == nil {
            stop(id, .cancel, graceEnd: now + grace, &stopped)
        }
        return stopped
    }

    private mutating func stop(
        _ id: ObjectIdentifier, _ reason: Reason, graceEnd: ContinuousClock.Instant,
        _ stopped: inout [Call]
    ) {
        guard var entry = entries[id] else { return }
        entry.reason = reason
        entry.alarm = graceEnds.add(id, at: graceEnd)
        entries[id] = entry
        stopped.append(entry.call)
    }

    /// The calls that were asked to stop and had their time; they are no longer open.
    mutating func removeOverdue(now: ContinuousClock.Instant) -> [(call: Call, reason: Reason)] {
        var overdue: [(call: Call, reason: Reason)] = []
        while let id = graceEnds.popDue(now) {
            guard let entry = entries.removeValue(forKey: id), let reason = entry.reason else {
                continue
            }
            overdue.append((entry.call, reason))
        }
        return overdue
    }

    /// When to look again at the latest.
    var nextDue: ContinuousClock.Instant? {
        guard let deadline = deadlines.nextDue else { return graceEnds.nextDue }
        return graceEnds.nextDue.map { min($0, deadline) } ?? deadline
    }
}
