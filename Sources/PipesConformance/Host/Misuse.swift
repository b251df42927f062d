/// What a plugin did that pipes.h does not allow.
struct Misuse: Hashable, Sendable {
    /// Which part of the contract: each has a check of its own.
    enum Rule: Hashable, Sendable {
        /// An answer that the call does not allow.
        case status
        /// A value that was emitted where, or from where, it can't be.
        case emit
        /// A value that is none, or not of the kind of its output.
        case value
        /// A host function used where it can't be.
        case call
        /// A deferred call that is not completed once.
        case deferral
    }

    var rule: Rule
    var text: String
}

/// How the host behaves to a node, where that is not as usual.
struct Conduct: Sendable {
    /// Which of the node's allocations fails, counted from 1.
    var failingAllocation: Int?
    /// Each allocation lies at a page that nobody may touch.
    var guardsAllocations = false
    /// At which side of such a page memory lies.
    var side = GuardedMemory.Side.atEnd
    /// Threads that are in an allocation at the same time leave it together.
    var meetsInAllocations = false
    /// A deferred call is cancelled before the plugin has its ticket.
    var cancelsInDefer = false
    /// Calls are freed when they are over; otherwise they are kept, so that one who comes back with
    /// an old one is told.
    var forgetsCalls = false
    /// How many calls may be open at once.
    var concurrency: UInt64 = 1
    var inputs = InputMemory.Style.ordinary
    /// Inputs, and allocations where they are guarded, may not be looked at once their call is over.
    var forbidsOldInputs = false
    /// Args may not be looked at once the node is closed.
    var forbidsOldArgs = false
    var tableForm = StrictHost.Form.ordinary
}
