/// The deferred calls of a node that are waited for, as a value: which ones take too long, and
/// which were asked to stop and still don't.
struct OpenCalls {
    /// Why a call is asked to stop.
    enum Reason: Equatable {
        case timeout
        case cancel
    }

    private enum State {
        case waiting(deadline: ContinuousClock.Instant?)
        case stopping(Reason, graceEnd: ContinuousClock.Instant)
    }

    private var states: [ObjectIdentifier: (call: Call, state: State)] = [:]
    /// Something is due no earlier than this; nil: nothing is. Kept, so that a thousand open calls
    /// are not looked through each time one of them is completed.
    private var earliest: ContinuousClock.Instant?

    var count: Int { states.count }
    var isEmpty: Bool { states.isEmpty }

    mutating func open(_ call: Call, deadline: ContinuousClock.Instant? = nil) {
        states[ObjectIdentifier(call)] = (call, .waiting(deadline: deadline))
        if let deadline { earliest = min(deadline, earliest ?? deadline) }
    }

    /// - Returns: nil where the call is not open (any longer); else why it was asked to stop, if
    ///   it was.
    mutating func close(_ call: Call) -> Reason?? {
        guard let (_, state) = states.removeValue(forKey: ObjectIdentifier(call)) else {
            return nil
        }
        if case .stopping(let reason, _) = state { return .some(reason) }
        return .some(nil)
    }

    /// The calls that are to be asked to stop now, noted as such.
    mutating func stop(
        all: Bool, now: ContinuousClock.Instant, grace: Duration
    ) -> [Call] {
        guard all || isDue(now) else { return [] }
        var stopped: [Call] = []
        for (id, (call, state)) in states {
            guard case .waiting(let deadline) = state else { continue }
            let isLate = deadline.map { $0 <= now } ?? false
            guard all || isLate else { continue }
            states[id] = (call, .stopping(all ? .cancel : .timeout, graceEnd: now + grace))
            stopped.append(call)
        }
        if !stopped.isEmpty { earliest = min(now + grace, earliest ?? now + grace) }
        return stopped
    }

    /// The calls that were asked to stop and had their time; they are no longer open.
    mutating func removeOverdue(now: ContinuousClock.Instant) -> [(call: Call, reason: Reason)] {
        guard isDue(now) else { return [] }
        var overdue: [(Call, Reason)] = []
        for (id, (call, state)) in states {
            guard case .stopping(let reason, let graceEnd) = state, graceEnd <= now else {
                continue
            }
            states[id] = nil
            overdue.append((call, reason))
        }
        earliest = states.values.lazy.compactMap { entry in
            switch entry.state {
            case .waiting(let deadline): deadline
            case .stopping(_, let graceEnd): graceEnd
            }
        }.min()
        return overdue
    }

    /// When to look again at the latest.
    var nextDue: ContinuousClock.Instant? { earliest }

    private func isDue(_ now: ContinuousClock.Instant) -> Bool {
        earliest.map { $0 <= now } ?? false
    }
}
