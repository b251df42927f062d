internal import CGuard
internal import CPipes
internal import PipesCore
internal import PipesRuntime

/// A processor of a plugin, behind one node: the runtime's calls as calls of its C functions, and
/// its answers checked before anyone believes them.
///
/// `@unchecked Sendable`: `state` is set by `open` and read until `close`, which the runtime keeps
/// apart; everything else is constant.
final class PluginProcessor: Processor, @unchecked Sendable {
    let coro: String
    let context: NodeContext
    private let entry: ProcessorEntry
    private let args: [Value]
    let outputKinds: [UInt32]
    let outputCount: Int
    let firstOutputKind: UInt32
    @exclusivity(unchecked) private var state: UnsafeMutableRawPointer?
    private let side: NodeSide
    /// Says whose call a thread is in, for what ends the process there.
    private let mark: OpaquePointer?

    init(
        _ entry: ProcessorEntry, coro: String, graph: String, for context: NodeContext,
        args: [Value]
    ) {
        self.entry = entry
        self.coro = coro
        self.context = context
        self.args = args
        outputKinds = entry.description.outputs.map(\.kind.rawValue)
        outputCount = outputKinds.count
        firstOutputKind = outputKinds.first ?? Kind.any.rawValue
        side = NodeSide(context)
        mark = cguard_make_mark(
            graph.markText, context.name.markText, coro.markText, entry.file.markText)
    }

    var nodePointer: OpaquePointer { side.pointer }
    /// A ticket is completed once, whatever the plugin does.
    var completesCallsOnce: Bool { true }
    var defers: Bool { entry.description.flags.contains(.defers) }

    // MARK: Life

    func open() throws(OpenFailure) {
        let storage = RowStorage(capacity: 0)
        guard let values = Value.copied(args, to: storage) else {
            throw OpenFailure("no memory for its args")
        }
        side.args = storage
        let former = cguard_enter(mark, CGUARD_OPEN)
        defer { cguard_leave(former) }
        switch entry.open(node: nodePointer, args: values, count: args.count) {
        case .success(let state):
            self.state = state
            if defers { Tickets.open.add(holder: context) }
        case .failure(let failure):
            throw OpenFailure(side.takeExplanation() ?? failure.message)
        }
    }

    func close() {
        if let close = entry.functions.close {
            guarded("close") { cguard_tell(close, state, &$0) }
        }
        if defers { Tickets.open.remove(holder: context) }
        state = nil
    }

    func interrupt() {
        guard let interrupt = entry.functions.interrupt else { return }
        guarded("interrupt") { cguard_tell(interrupt, state, &$0) }
    }

    /// Calls what answers nothing that matters.
    private func guarded(_ name: String, _ body: (inout cguard_thrown) -> Void) {
        var thrown = cguard_thrown()
        let former = cguard_enter(mark, CGUARD_CLOSE)
        body(&thrown)
        cguard_leave(former)
        if thrown.is_thrown { context.reportMisuse("\(name) \(thrown.description)") }
    }

    // MARK: Calls

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        guard let function = entry.functions.map else { return (0, .notAllowed("has no map")) }
        let former = cguard_enter(mark, CGUARD_ROW)
        defer { cguard_leave(former) }
        let side = self.side(of: call)
        side.begin(.map, width: width)
        let head = side.head
        var done = 0
        var status = pipes_status(PIPES_OK)
        var thrown = cguard_thrown()
        let kind = firstOutputKind
        call.resultsAreOfOwnKind = kind != Kind.any.rawValue
        while done < count {
            var run = cguard_rows(
                rows: rows + done * width, width: width, results: results + done,
                count: count - done, kind: kind, largest_size: pipes_value.largestSize,
                done: done, attention: call.attention)
            done += cguard_map(function, state, head, &run, &status, &thrown)
            guard done < count, status == PIPES_OK, call.goesOn, head.pointee.port == 0
            else { break }
            // A result of another kind, or with something inside to look at.
            if !PluginProcessor.isOfKind(results[done], kind) { call.resultsAreOfOwnKind = false }
            guard outputKinds.isEmpty || flaw(of: results[done], port: 0) == nil else { break }
            done += 1
        }
        if done == count {
            side.takeArenaBack()
            return (done, .ok)
        }
        var answer = checked(status, side, thrown)
        if answer == .deferred { return (done, answer) }
        side.takeArenaBack()
        if answer == .ok || answer == .last {
            let port = Int(head.pointee.port)
            var areOfOwnKind =
                call.resultsAreOfOwnKind && port == 0
                && PluginProcessor.isOfKind(results[done], kind)
            call.resultsAreOfOwnKind = false
            if let misuse = flaw(of: results[done], port: port) {
                side.noteMisuse(misuse)
                call.explanation = misuse
                return (done, .reject)
            }
            ports?[done] = UInt32(port)
            if answer == .ok {
                // A row that leaves by another port than the first, or is large; the loop goes on
                // behind it, unless what was done is to leave first.
                done += 1
                let comesBack = call.isAskedToComeBack
                guard done < count, !comesBack else {
                    if comesBack { call.forgetMissingMemory() }
                    call.resultsAreOfOwnKind = areOfOwnKind
                    return (done, .ok)
                }
                _ = cguard_begin_rows(done)
                let rest = map(
                    call, rows: rows + done * width, count: count - done, width: width,
                    results: results + done, ports: ports.map { $0 + done })
                areOfOwnKind = areOfOwnKind && call.resultsAreOfOwnKind
                call.resultsAreOfOwnKind = areOfOwnKind
                done += rest.done
                answer = rest.answer
            }
        }
        return (done, answer)
    }

    func produce(_ call: Call) -> Answer {
        guard let function = entry.functions.produce else { return .notAllowed("has no produce") }
        return run(call, .produce) { cguard_call(function, state, $0, &$1) }
    }

    func process(_ call: Call, _ batch: pipes_batch) -> Answer {
        guard let function = entry.functions.process else { return .notAllowed("has no process") }
        // A deferred call reads the batch until it is completed, so it must not lie on the stack.
        let side = self.side(of: call)
        side.batch.pointee = batch
        return run(call, .process) { cguard_process(function, state, $0, side.batch, &$1) }
    }

    func flush(_ call: Call) -> Answer {
        guard let function = entry.functions.flush else { return .ok }
        return run(call, .flush) { cguard_call(function, state, $0, &$1) }
    }

    private func run(
        _ call: Call, _ kind: CallSide.Kind,
        _ body: (UnsafeMutablePointer<pipes_call>, inout cguard_thrown) -> pipes_status
    ) -> Answer {
        let side = self.side(of: call)
        side.begin(kind)
        var thrown = cguard_thrown()
        let former = cguard_enter(mark, kind == .flush ? CGUARD_FLUSH : CGUARD_ROW)
        let status = body(side.head, &thrown)
        cguard_leave(former)
        let answer = checked(status, side, thrown)
        if answer != .deferred { side.takeArenaBack() }
        return answer
    }

    func cancel(_ call: Call) {
        guard let side = call.attachment as? CallSide, let ticket = side.ticket,
            Tickets.open.cancel(ticket)
        else { return }
        guard let cancel = entry.functions.cancel else { return }
        guarded("cancel") {
            cguard_cancel(cancel, state, pipes_ticket(id: ticket), side.deferContext, &$0)
        }
    }

    func abandon(_ call: Call) {
        guard let side = call.attachment as? CallSide, let ticket = side.ticket else { return }
        _ = Tickets.open.remove(ticket)
    }

    // MARK: Checking answers

    private func side(of call: Call) -> CallSide {
        if let side = call.attachment as? CallSide { return side }
        let side = CallSide(call, self)
        call.attachment = side
        return side
    }

    /// An answer that agrees with what the plugin did in the call.
    private func checked(
        _ status: pipes_status, _ side: CallSide, _ thrown: cguard_thrown
    ) -> Answer {
        if thrown.is_thrown {
            if let ticket = side.ticket { _ = Tickets.open.remove(ticket) }
            side.noteMisuse(thrown.description)
            side.call.explanation = side.misuse
            return .reject
        }
        let answer = Answer(status)
        if answer == .deferred {
            return side.ticket == nil
                ? .notAllowed("answered DEFERRED without a ticket") : answer
        }
        if let ticket = side.ticket {
            _ = Tickets.open.remove(ticket)
            return .notAllowed("deferred the call and then answered \(status)")
        }
        if let misuse = side.misuse {
            side.call.explanation = misuse
            return .reject
        }
        return answer
    }

    /// Whether a value is of a kind that needs no look inside, and all is well with it.
    @inline(__always)
    static func isPlain(_ value: UnsafePointer<pipes_value>, _ wanted: UInt32) -> Bool {
        let kind = value.pointee.kind
        guard isOfKind(value.pointee, wanted) else { return false }
        if kind <= Kind.float.rawValue { return true }
        let size = value.pointee.size
        return kind <= Kind.bytes.rawValue && size <= pipes_value.largestSize
            && (value.pointee.text != nil || size == 0)
    }

    @inline(__always)
    static func isOfKind(_ value: pipes_value, _ wanted: UInt32) -> Bool {
        if value.kind == wanted { return true }
        return wanted == Kind.any.rawValue
    }

    /// What is wrong with a value for an output port, or nil.
    func flaw(of value: pipes_value, port: Int) -> String? {
        if let flaw = value.flaw { return "yielded \(flaw)" }
        if outputKinds.isEmpty { return nil }
        guard port < outputKinds.count else {
            return "chose output \(port); it has \(outputKinds.count)"
        }
        let kind = outputKinds[port]
        // NULL stands for an absent value in any kind of port.
        if value.kind == kind || kind == Kind.any.rawValue || value.kind == 0 { return nil }
        let declared = entry.description.outputs[port]
        let actual = Kind(rawValue: value.kind)?.name ?? "\(value.kind)"
        return "yielded \(actual) by output \"\(declared.name)\", which is \(declared.kind.name)"
    }
}

extension String {
    /// As it stands in a line that a handler writes: it can't change anything there.
    fileprivate var markText: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map {
                    $0.properties.generalCategory == .control ? "?" : $0
                }))
    }
}

extension cguard_thrown {
    var description: String {
        withUnsafeBytes(of: text) { bytes in
            "threw a C++ exception: \(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))"
        }
    }
}
