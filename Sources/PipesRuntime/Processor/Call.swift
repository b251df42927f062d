public import CPipes
public import PipesCore
import Synchronization

/// One call of a processor in progress: where its results go, and what it says about its rows.
///
/// `@unchecked Sendable`: it belongs to the thread that is inside the call; a deferred call to one
/// thread at a time until `complete`, whose lock hands it back to the node. So the compiler's own
/// checks of exclusive access have nothing to find here, and are off.
public final class Call: @unchecked Sendable {
    public let node: NodeContext
    /// Owns the memory of results, of one batch at a time.
    public var storage: RowStorage {
        if let storageInUse { return storageInUse }
        let storage = RowStorage(capacity: 0, firstChunkSize: isForOneRow ? 256 : nil)
        storageInUse = storage
        return storage
    }
    /// Whether it is one of many that are open at once, for a row each: its storage starts small.
    @exclusivity(unchecked) var isForOneRow = false
    /// Nanoseconds after which it should come back although it has more rows.
    @exclusivity(unchecked) var longestWait = Int.max
    /// nil as long as nothing was to be stored: many calls need no memory.
    @exclusivity(unchecked) private(set) var storageInUse: RowStorage?
    /// Values emitted so far; what a map yields does not go through here.
    public let emission: Emission
    /// How many rows a source is asked for.
    public internal(set) var demand: Int {
        get { storedDemand }
        set { storedDemand = newValue }
    }
    /// Rows that were passed in; settlements by row are checked against it.
    public internal(set) var rowCount: Int {
        get { storedRowCount }
        set { storedRowCount = newValue }
    }
    /// The storage that the rows of this call lie in; nil for a source.
    @exclusivity(unchecked) public internal(set) var input: RowStorage?
    /// Why it is about to answer a negative status.
    @exclusivity(unchecked) public var explanation: String?
    /// Bytes of results after which a call should come back although it has more rows: what is done
    /// is then sent on first.
    public internal(set) var byteShare: Int {
        get { storedByteShare }
        set { storedByteShare = newValue }
    }
    /// Not 0 where whoever calls a processor for row after row must not go on with the next: looked at
    /// for each of them, so it is plain memory. Others change it while a call is in progress.
    public var attention: UnsafePointer<UInt8> {
        UnsafePointer(
            UnsafeMutableRawPointer(attentionFlag).assumingMemoryBound(to: UInt8.self))
    }
    private let attentionFlag: UnsafeMutablePointer<Atomic<UInt8>>
    private static let goesOn: UInt8 = 0
    private static let comesBack: UInt8 = 1
    private static let isToBeLookedAt: UInt8 = 2
    /// The outcomes of single rows where they differ from the call's.
    @exclusivity(unchecked) public internal(set) var rowOutcomes: [RowOutcome] = []
    /// Set by a map: every result of the last call is known to be of the first output's own kind.
    public var resultsAreOfOwnKind: Bool {
        get { storedResultsAreOfOwnKind }
        set { storedResultsAreOfOwnKind = newValue }
    }
    /// For whoever implements the processor: its own side of the call.
    public var attachment: AnyObject? {
        get { storedAttachment }
        set { storedAttachment = newValue }
    }

    // Behind functions, since other modules would check exclusive access in spite of the attribute.
    @exclusivity(unchecked) private var storedByteShare: Int = Int.max
    @exclusivity(unchecked) private var storedDemand: Int = 0
    @exclusivity(unchecked) private var storedRowCount: Int = 0
    @exclusivity(unchecked) private var storedResultsAreOfOwnKind: Bool = false
    @exclusivity(unchecked) private var storedAttachment: AnyObject?

    public struct RowOutcome: Sendable {
        public var row: Int
        public var answer: Answer
        public var text: String?
    }

    /// What a deferred call was completed with.
    struct Completion: Sendable {
        var answer: Answer
        var value: PlainValue?
        /// The output that the result of a map leaves by.
        var port: UInt32 = 0
    }

    /// How a deferred call reaches its node again. Set before each call that may defer.
    var onComplete: (@Sendable (Call, Completion) -> Void)?

    init(node: NodeContext, outputs: Int) {
        self.node = node
        emission = Emission(outputs: outputs)
        attentionFlag = .allocate(capacity: 1)
        attentionFlag.initialize(to: Atomic(Call.goesOn))
    }

    deinit {
        attentionFlag.deinitialize(count: 1)
        attentionFlag.deallocate()
    }

    // MARK: Between the rows of a map

    /// It begins, and nothing has been asked of it.
    public func clearAttention() { attentionFlag.pointee.store(Call.goesOn, ordering: .relaxed) }

    /// Asks it to come back behind the row that it is at, so that what is done can be sent on. Any
    /// thread.
    public func comeBack() {
        _ = attentionFlag.pointee.compareExchange(
            expected: Call.goesOn, desired: Call.comesBack, ordering: .relaxed)
    }

    /// Something has happened in it that is to be looked at behind the row that it is at.
    public func noteAttention() {
        attentionFlag.pointee.store(Call.isToBeLookedAt, ordering: .relaxed)
    }

    public var isAskedToComeBack: Bool {
        attentionFlag.pointee.load(ordering: .relaxed) == Call.comesBack
    }

    public var goesOn: Bool { attentionFlag.pointee.load(ordering: .relaxed) == Call.goesOn }

    /// Finishes a deferred call, once, from any thread. The call must not be used afterwards.
    /// - Parameters:
    ///   - answer: the outcome.
    ///   - value: the result of a map, copied; what it refers to must live as long as `storage`.
    ///   - port: the output that the result leaves by.
    public func complete(_ answer: Answer, value: PlainValue? = nil, port: UInt32 = 0) {
        onComplete?(self, Completion(answer: answer, value: value, port: port))
    }

    /// Has a plugin take from the arena by itself.
    public func lendArena(to head: UnsafeMutablePointer<pipes_call>) {
        if let storageInUse { return storageInUse.lendArena(to: head) }
        head.pointee.next = nil
        head.pointee.end = nil
    }

    /// Notes what the plugin took. Not for a deferred call: another thread may allocate from it.
    public func takeArenaBack(from head: UnsafeMutablePointer<pipes_call>) {
        storageInUse?.takeArenaBack(from: head)
    }

    /// Notes the outcome of one row.
    /// - Returns: false where there is no such row, or the answer is none for a row.
    public func settle(row: UInt64, _ answer: Answer, _ text: String?) -> Bool {
        guard row < UInt64(rowCount) else { return false }
        switch answer {
        case .ok, .skip, .retry, .reject, .fatal, .cancelled: break
        case .end, .deferred, .last, .notAllowed: return false
        }
        rowOutcomes.append(RowOutcome(row: Int(row), answer: answer, text: text))
        return true
    }

    /// Makes it ready for the next call.
    /// - Parameters:
    ///   - storage: for the results; nil where one is made when it is needed.
    ///   - input: the storage that the rows lie in; nil for a source.
    func reset(
        storage: RowStorage? = nil, input: RowStorage? = nil, rowCount: Int = 0, demand: Int = 0
    ) {
        storageInUse = storage
        // What an earlier row could not have there says nothing of this one.
        storage?.clearMissing()
        self.input = input
        self.rowCount = rowCount
        self.demand = demand
        if explanation != nil { explanation = nil }
        if !rowOutcomes.isEmpty { rowOutcomes.removeAll() }
        emission.reset()
    }

    /// Why it answered a negative status: as explained, and with the memory that it could not have.
    var reason: String? {
        guard let missing = storageInUse?.missingByteCount else { return explanation }
        let text = "could not get \(missing) bytes of memory"
        return explanation.map { "\($0): \(text)" } ?? text
    }

    /// What it said of one row says nothing of the next one.
    func forgetReason() {
        explanation = nil
        forgetMissingMemory()
    }

    /// A row came out well although some memory could not be had.
    public func forgetMissingMemory() { storageInUse?.clearMissing() }

    /// Its result comes while those of rows before it are read: it gets memory of its own.
    func takeOwnStorage() { storageInUse = nil }

    /// Whether its results should leave before there are more.
    var hasLargeResults: Bool {
        guard let storageInUse else { return false }
        return storageInUse.ownedByteCount >= byteShare
    }

    /// Lets go of the memory of rows.
    func releaseRows() {
        storageInUse = nil
        input = nil
    }
}
