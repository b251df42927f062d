internal import CPipes
internal import PipesCore
internal import PipesRuntime

/// The service "pipes.timer/1": plugins wait by the clock of the run they are in.
enum HostTimers {
    static let id = "pipes.timer/1"

    /// Lives as long as the process: plugins keep it. Unsafe only by its type: nobody writes to it
    /// once it is made.
    nonisolated(unsafe) static let pointer: UnsafePointer<pipes_timers> = {
        let table = UnsafeMutablePointer<pipes_timers>.allocate(capacity: 1)
        table.initialize(to: makeTable())
        return UnsafePointer(table)
    }()

    private static func makeTable() -> pipes_timers {
        var table = pipes_timers()
        table.struct_size = UInt32(MemoryLayout<pipes_timers>.size)
        table.now = { node in
            NodeSide.of(node).map { HostTimers.nanoseconds($0.context.clock.now) } ?? 0
        }
        table.start = { node, ticket, due, ring, context in
            guard let side = NodeSide.of(node), let ring else { return 0 }
            let alarm = Alarm(ring: ring, context: context)
            return side.context.clock.start(
                at: HostTimers.instant(due), isAwaited: ticket.id != 0, alarm.sound)
        }
        table.stop = { node, timer in NodeSide.of(node)?.context.clock.stop(timer) ?? false }
        return table
    }

    /// What a plugin wants to be called.
    ///
    /// `@unchecked Sendable`: the context is only handed back, and the plugin has said that any
    /// thread may do that.
    private struct Alarm: @unchecked Sendable {
        let ring: @convention(c) (UnsafeMutableRawPointer?) -> Void
        let context: UnsafeMutableRawPointer?

        var sound: @Sendable () -> Void { { [self] in ring(context) } }
    }

    // MARK: Instants as numbers

    /// Where plugins count from. An hour before anything can ask, so that no instant is 0.
    private static let start = ContinuousClock.now - .seconds(3600)

    private static func nanoseconds(_ instant: ContinuousClock.Instant) -> UInt64 {
        UInt64(clamping: start.duration(to: instant).nanoseconds)
    }

    private static func instant(_ nanoseconds: UInt64) -> ContinuousClock.Instant {
        start + .nanoseconds(Int64(clamping: nanoseconds))
    }
}
