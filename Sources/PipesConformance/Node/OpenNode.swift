import CPipes
import Glibc
import PipesCore
import PipesPluginHost
import PipesRuntime

/// A processor that was opened as a node of a graph would be, and what its calls come to.
///
/// `@unchecked Sendable`: constant; the checks keep the thread contract of pipes.h.
final class OpenNode: @unchecked Sendable {
    /// The processor did not want to be opened so.
    struct Refused: Error {
        var reason: String
    }

    /// What a call came to.
    struct Outcome {
        var status: pipes_status
        /// The result of a map.
        var value: Emitted?
        var emitted: [Emitted] = []
        var settlements: [Int: StrictCall.Settlement] = [:]
        var explanation: String?
        /// It took so long that it was told to stop.
        var wasTold = false
        let pause: Pause
        /// As the plugin gave it; points at what must be there as long as its batch.
        var rawValue: pipes_value?
        let call: StrictCall
    }

    let node: StrictNode
    private let processor: LoadedProcessor
    private let state: UnsafeMutableRawPointer?
    private let args: InputMemory
    private let watch: Watch
    private let progress: Progress

    /// How long a call may take before it is told to stop.
    private var patience: Duration {
        processor.description.isSource ? .milliseconds(300) : .seconds(10)
    }
    /// How long a deferred call may take before it is cancelled.
    private var deferredPatience: Duration { min(patience, .seconds(2)) }

    /// - Parameter args: in the order of the params.
    /// - Throws: `Refused` with the processor's reason; `InputMemory.OutOfMemory`.
    init(
        _ processor: LoadedProcessor, args values: [Sample], width: Int, conduct: Conduct,
        progress: Progress, watch: Watch
    ) throws {
        self.processor = processor
        self.watch = watch
        self.progress = progress
        node = StrictNode(processor.description, inputCount: width, conduct: conduct)
        args = InputMemory(conduct.forbidsOldArgs ? .guarded : conduct.inputs, conduct.side)
        let placed = try args.place(values)
        args.finish()
        let (node, host, list) = (node, node.host, args)
        var opened: UnsafeMutableRawPointer?
        let tell: @Sendable () -> Void = { node.stop() }
        let status: pipes_status = try watch.during(
            "open", patience: .seconds(10), tell: tell
        ) {
            if let bridged = processor.bridged {
                return Swift.Result<pipes_status, any Error> {
                    opened = try bridged.open(args: placed, count: values.count)
                    return 0
                }
            }
            guard let open = processor.descriptor.open else { return .success(0) }
            return .success(open(host, node.pointer, placed, values.count, &opened))
        }.get()
        state = opened
        guard status == PIPES_OK else {
            if let flaw = StatusRule.flaw(ofOpen: status) { node.note(.status, flaw) }
            progress.take(node)
            // A failed open has kept nothing, and close is not called for it.
            if conduct.forbidsOldInputs { list.forbid() }
            let reason = node.explanation ?? "answered \(StatusRule.name(status))"
            if conduct.forgetsCalls { node.forget() }
            throw Refused(reason: reason)
        }
    }

    // MARK: Calls

    /// - Parameter demand: rows at most.
    func produce(demand: Int) -> Outcome { finishing(startProduce(demand: demand)) }

    func map(_ row: [Sample], isValid: Bool = true) throws -> Outcome {
        finishing(try startMap(row), isValid: isValid)
    }

    func process(_ rows: [[Sample]], isValid: Bool = true) throws -> Outcome {
        finishing(try startProcess(rows), isValid: isValid)
    }

    func startProduce(
        demand: Int, cancelInDefer: (@Sendable (StrictCall) -> Void)? = nil
    ) -> Started {
        start(.produce(demand: demand), inputs: nil, cancelInDefer: cancelInDefer) {
            [processor, state] call in
            processor.descriptor.produce?(state, call) ?? pipes_status(PIPES_END)
        }
    }

    func startMap(
        _ row: [Sample], cancelInDefer: (@Sendable (StrictCall) -> Void)? = nil
    ) throws -> Started {
        let memory = InputMemory(node.conduct.inputs, node.conduct.side)
        let values = try memory.place(row)
        memory.finish()
        let result = ResultSlot(
            isGuarded: node.conduct.guardsAllocations, node.conduct.side)
        defer { result.release() }
        let function =
            processor.bridged != nil ? BridgedFunction.map : processor.descriptor.map
        return start(
            .map(width: row.count), inputs: memory, result: result, cancelInDefer: cancelInDefer
        ) { [state] call in
            function?(state, call, values, result.pointer) ?? pipes_status(PIPES_OK)
        }
    }

    func startProcess(
        _ rows: [[Sample]], cancelInDefer: (@Sendable (StrictCall) -> Void)? = nil
    ) throws -> Started {
        let memory = InputMemory(node.conduct.inputs, node.conduct.side)
        let width = rows.first?.count ?? node.inputCount
        var columns: [UnsafePointer<pipes_value>?] = []
        for column in 0..<width { columns.append(try memory.place(rows.map { $0[column] })) }
        var batch = pipes_batch()
        batch.count = UInt64(rows.count)
        batch.width = UInt64(width)
        batch.columns = try memory.placeArray(columns)
        let placed = try memory.placeArray([batch])
        memory.finish()
        return start(
            .process(rows: rows.count), inputs: memory, cancelInDefer: cancelInDefer
        ) { [processor, state] call in
            processor.descriptor.process?(state, call, placed) ?? pipes_status(PIPES_OK)
        }
    }

    /// nil where the processor has no flush.
    func flush(isValid: Bool = true) -> Outcome? {
        guard let flush = processor.descriptor.flush else { return nil }
        return finishing(
            start(.flush, inputs: nil) { [state] call in flush(state, call) }, isValid: isValid)
    }

    /// - Parameter releasing: whether what was handed over is released before close, as it is where
    ///   no batch is left that refers to it.
    func close(releasing: Bool = true) {
        if releasing { node.releaseAdoptions() }
        let nothing: @Sendable () -> Void = {}
        watch.during("close", patience: .seconds(10), tell: nothing) {
            if processor.bridged != nil {
                BridgedFunction.close(state)
            } else {
                processor.descriptor.close?(state)
            }
        }
        node.markClosed()
        if node.conduct.forbidsOldInputs || node.conduct.forbidsOldArgs { args.forbid() }
        progress.take(node)
        if node.conduct.forgetsCalls { node.forget() }
    }

    /// Asks the node to come to an end, as a drain or a cancel does.
    func stop() {
        node.stop()
        processor.descriptor.interrupt?(state)
    }

    func cancel(_ call: StrictCall) {
        guard call.cancel(), let ticket = call.now.ticket else { return }
        processor.descriptor.cancel?(state, pipes_ticket(id: ticket), call.now.context)
    }

    /// A cancel that comes after the call was completed, as one that raced with it.
    func cancelLate(_ call: StrictCall) {
        guard let ticket = call.now.ticket else { return }
        processor.descriptor.cancel?(state, pipes_ticket(id: ticket), call.now.context)
    }

    // MARK: One call

    private func finishing(_ started: Started, isValid: Bool = true) -> Outcome {
        let outcome = finish(started, isValid: isValid)
        if node.conduct.forgetsCalls { outcome.call.forget() }
        return outcome
    }

    /// A call that the plugin has returned from; a deferred one may still be open.
    struct Started {
        let call: StrictCall
        var status: pipes_status
        var result: pipes_value?
        var wasTold: Bool
        var pause: Pause
    }

    /// How a call gave up its thread.
    struct Pause {
        /// How often it waited for something.
        var count = 0
        /// How long it did not run, for whatever reason.
        var time = Duration.zero
    }

    /// - Parameter cancelInDefer: runs before the plugin has its ticket.
    func start(
        _ kind: StrictCall.Kind, inputs: InputMemory?, result: ResultSlot? = nil,
        cancelInDefer: (@Sendable (StrictCall) -> Void)? = nil,
        _ body: (UnsafeMutablePointer<pipes_call>) -> pipes_status
    ) -> Started {
        let call = StrictCall(node, kind, inputs: inputs, cancelInDefer: cancelInDefer)
        let told = Locked(false)
        var pause = Pause()
        let tell: @Sendable () -> Void = { [self] in
            told.withLock { $0 = true }
            stop()
        }
        let status = watch.during(kind.word, patience: patience, tell: tell) {
            Self.measured(&pause) { body(call.pointer) }
        }
        let ticket = call.leave()
        var started = Started(
            call: call, status: status, result: result?.pointer.pointee,
            wasTold: told.withLock { $0 }, pause: pause)
        if status == PIPES_DEFERRED, ticket == nil {
            node.note(.deferral, "\(kind.word) answered PIPES_DEFERRED without a ticket")
            started.status = pipes_status(PIPES_FATAL)
        } else if status != PIPES_DEFERRED, ticket != nil {
            node.note(
                .deferral,
                "\(kind.word) called defer and then answered \(StatusRule.name(status))")
            call.giveUp()
        }
        return started
    }

    private static func measured(
        _ pause: inout Pause, _ body: () -> pipes_status
    ) -> pipes_status {
        var (before, after) = (rusage(), rusage())
        let start = ContinuousClock.now
        getrusage(thisThread, &before)
        let status = body()
        getrusage(thisThread, &after)
        let used = after.processorTime - before.processorTime
        // That a page comes from the disk is the machine's matter, and not the plugin's.
        let fromDisk = after.ru_majflt - before.ru_majflt
        pause.count = max(0, after.ru_nvcsw - before.ru_nvcsw - fromDisk)
        pause.time = max(.zero, ContinuousClock.now - start - used)
        return status
    }

    /// `RUSAGE_THREAD` of Linux.
    private static let thisThread = __rusage_who_t(1)

    /// Waits for a deferred call, and looks at what came of it.
    func finish(_ started: Started, isValid: Bool = true, patience: Duration? = nil) -> Outcome {
        let call = started.call
        var outcome = Outcome(
            status: started.status, wasTold: started.wasTold, pause: started.pause, call: call)
        var result = started.result.map { (value: $0, sample: Sample?.none, port: call.port) }
        if started.status == PIPES_DEFERRED {
            outcome.wasTold = wait(for: call, patience: patience ?? deferredPatience)
            if let completion = call.now.completion {
                outcome.status = completion.status
                result = (completion.value ?? pipes_value(), completion.sample, completion.port)
                if outcome.status == PIPES_DEFERRED {
                    node.note(.status, "completed a call with PIPES_DEFERRED")
                }
            } else {
                outcome.status = pipes_status(PIPES_CANCELLED)
            }
        }
        if let flaw = StatusRule.flaw(
            of: outcome.status, in: call.kind,
            wasAsked: node.isStopping || call.now.isCancelled,
            wasCancelled: call.now.isCancelled)
        {
            node.note(.status, flaw)
        }
        take(result, call, isValid: isValid, into: &outcome)
        progress.count(outcome.rowCount)
        if node.conduct.forbidsOldInputs {
            call.forbidAllocations()
            if node.holdCount == 0 { call.inputs?.forbid() }
        }
        return outcome
    }

    private func take(
        _ result: (value: pipes_value, sample: Sample?, port: UInt32)?, _ call: StrictCall,
        isValid: Bool, into outcome: inout Outcome
    ) {
        let now = call.now
        outcome.explanation = now.explanation
        outcome.settlements = now.settlements
        outcome.emitted = now.emissions.map {
            Emitted(port: $0.port, row: $0.row, value: $0.sample)
        }
        let hasValue = outcome.status == PIPES_OK || outcome.status == PIPES_LAST
        if node.description.isSink, let result, hasValue, result.value.kind != Kind.null.rawValue {
            node.note(.emit, "map yielded a value although it has PIPES_SINK")
        }
        if case .map = call.kind, hasValue, let result, !node.description.isSink {
            if Int(result.port) >= node.description.outputs.count {
                node.note(
                    .emit,
                    "map chose output \(result.port); it has \(node.description.outputs.count)")
            } else if let flaw = ValueRule.flaw(
                of: result.value, port: Int(result.port), of: node.description)
            {
                node.note(.value, "map yielded \(flaw)")
            } else {
                outcome.rawValue = result.value
                outcome.value = Emitted(
                    port: Int(result.port), row: 0,
                    value: result.sample ?? Sample(copying: result.value))
            }
        }
        let all = outcome.emitted + (outcome.value.map { [$0] } ?? [])
        if isValid, let broken = all.first(where: { !$0.value.isValidText }) {
            node.note(
                .value,
                "\(call.kind.word) yielded a STRING that is not UTF-8: \(broken.value.shown)")
        }
    }

    /// - Returns: whether it had to be cancelled.
    private func wait(for call: StrictCall, patience: Duration) -> Bool {
        let start = ContinuousClock.now
        var cancelledAt: ContinuousClock.Instant?
        while !call.now.isOver {
            usleep(100)
            let now = ContinuousClock.now
            if let cancelledAt {
                guard now < cancelledAt + Watch.limit else {
                    // The node can't be closed, so nothing more can be learned from it.
                    progress.end(
                        "a deferred \(call.kind.word) was not completed within "
                            + "\(Watch.limit.components.seconds) s of its cancel")
                }
            } else if now > start + patience {
                cancelledAt = now
                stop()
                cancel(call)
            }
        }
        return cancelledAt != nil
    }
}

/// A value that a processor yielded.
struct Emitted: Hashable, Sendable {
    var port: Int
    /// Of its batch; nil: from several rows or none.
    var row: Int?
    var value: Sample
}

/// Where a map puts its result: NULL to start with.
struct ResultSlot {
    let pointer: UnsafeMutablePointer<pipes_value>
    private let memory: GuardedMemory?

    /// - Parameter isGuarded: nobody may touch what is behind it, or in front of it.
    init(isGuarded: Bool, _ side: GuardedMemory.Side) {
        let size = MemoryLayout<pipes_value>.size
        memory = isGuarded ? GuardedMemory(size: size, alignment: 8, side: side) : nil
        pointer =
            memory?.start.bindMemory(to: pipes_value.self, capacity: 1) ?? .allocate(capacity: 1)
        pointer.initialize(to: pipes_value())
    }

    func release() {
        if let memory { memory.release() } else { pointer.deallocate() }
    }
}

extension rusage {
    fileprivate var processorTime: Duration {
        .seconds(ru_utime.tv_sec + ru_stime.tv_sec)
            + .microseconds(Int(ru_utime.tv_usec) + Int(ru_stime.tv_usec))
    }
}
