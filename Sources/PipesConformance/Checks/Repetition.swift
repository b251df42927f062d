import CHeap
import Glibc

/// What a process has of everything that can leak.
struct Holdings {
    var heap: Int
    var threads: Int
    var descriptors: Int
    /// Bytes of memory that the heap has nothing to do with.
    var mapped: Int

    /// nil: there is no descriptor left to look with.
    static var now: Holdings? {
        guard let threads = entries(of: "/proc/self/task"),
            let descriptors = entries(of: "/proc/self/fd"), let size = addressSpace
        else { return nil }
        return Holdings(
            heap: cheap_byte_count(), threads: threads, descriptors: descriptors,
            mapped: size - cheap_system_byte_count())
    }

    private static func entries(of folder: String) -> Int? {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        var count = 0
        while readdir(stream) != nil { count += 1 }
        return count
    }

    /// In bytes; neighbours count each, though the system makes one mapping of them.
    private static var addressSpace: Int? {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 256)
        let count = read(file, &text, text.count)
        guard count > 0 else { return nil }
        let digits = text[..<count].prefix { $0 != UInt8(ascii: " ") }
        return Int(String(decoding: digits, as: UTF8.self)).map { $0 * Int(getpagesize()) }
    }
}

/// Does something again and again, and looks at what stays of it.
struct Repetition {
    /// What rounds left behind.
    private struct Growth {
        var text: String
        /// Of threads and descriptors, which nobody keeps many of: as many as half of the rounds.
        var isPlain = false
        /// Of what fills a cache first.
        var isSlow = false
    }

    /// There is no descriptor left to look with.
    private struct Exhausted: Error {}

    private let name: String
    private let round: () throws -> Void
    private var done = 0

    private static let warmUp = 20
    private static let mostAttempts = 10
    private static let attemptTime = Duration.seconds(3)
    /// Rounds that are slow, here or on a busy machine, still leave time for others.
    private static let limit = Duration.seconds(20)

    private init(_ name: String, _ round: @escaping () throws -> Void) {
        self.name = name
        self.round = round
    }

    /// - Parameters:
    ///   - most: rounds at a time.
    ///   - name: what many rounds are called.
    /// - Returns: whether something was found, which is told.
    @discardableResult
    static func leaves(
        _ context: CheckContext, _ most: Int, _ name: String, _ round: () throws -> Void
    ) throws -> Bool {
        context.progress.step(name)
        return try withoutActuallyEscaping(round) { round in
            var repetition = Repetition(name, round)
            do {
                let found = try repetition.find(most)
                for growth in found { context.progress.finding(growth.text) }
                return !found.isEmpty
            } catch let skipped as CheckContext.Skipped where repetition.done > 0 {
                context.progress.finding("after \(repetition.done) \(name), \(skipped.reason)")
                return true
            } catch is Exhausted {
                context.progress.finding(
                    "after \(repetition.done) \(name) there are no descriptors left")
                return true
            }
        }
    }

    /// A growth counts when it goes on: caches fill once. Those of the heap take longest; the one
    /// behind `Task.sleep` has room for more than a thousand entries.
    private mutating func find(_ most: Int) throws -> [Growth] {
        let start = ContinuousClock.now
        for _ in 0..<Self.warmUp { try doRound() }
        // Where a round takes long there is no time for so many.
        let each = max((ContinuousClock.now - start) / Self.warmUp, .nanoseconds(100))
        let count = min(most, max(Self.warmUp, Int(Self.attemptTime / each)))
        // One of these for each round is soon more than can be had, and then it grows no longer.
        var plain: [Growth] = []
        for _ in 0..<2 {
            plain = try growth(in: min(count, 200)).filter(\.isPlain)
            if plain.isEmpty { break }
        }
        if !plain.isEmpty { return plain }
        for attempt in 1...Self.mostAttempts {
            let grown = try growth(in: count)
            if grown.isEmpty { return [] }
            let isLast =
                attempt == Self.mostAttempts
                || attempt > 2 && ContinuousClock.now - start > Self.limit
            if isLast || attempt > 2 && !grown.allSatisfy(\.isSlow) { return grown }
        }
        return []
    }

    private mutating func doRound() throws {
        try round()
        done += 1
    }

    private mutating func growth(in count: Int) throws -> [Growth] {
        guard let before = Holdings.now else { throw Exhausted() }
        for _ in 0..<count { try doRound() }
        var grown = try growth(since: before, in: count)
        // A thread that was told to end may take a moment.
        for _ in 0..<20 where !grown.isEmpty {
            usleep(50_000)
            grown = try growth(since: before, in: count)
        }
        return grown
    }

    /// What grew so much in `count` rounds that it is no accident.
    private func growth(since before: Holdings, in count: Int) throws -> [Growth] {
        guard let now = Holdings.now else { throw Exhausted() }
        var grown: [Growth] = []
        func note(_ amount: Int, least: Int, _ unit: String, plain: Int? = nil) {
            guard amount >= least else { return }
            grown.append(
                Growth(
                    text: "\(count) \(name) left \(amount) \(unit) behind",
                    isPlain: plain.map { amount >= $0 } ?? false, isSlow: plain == nil))
        }
        note(now.heap - before.heap, least: max(16 << 10, count * 8), "bytes of memory")
        note(now.threads - before.threads, least: 16, "threads", plain: max(16, count / 2))
        note(
            now.descriptors - before.descriptors, least: 8, "descriptors", plain: max(8, count / 2))
        // Threads have stacks, and what is large comes from the heap by a mapping.
        if grown.isEmpty {
            note(
                now.mapped - before.mapped, least: max(512 << 10, count * 2048),
                "bytes of mappings")
        }
        return grown
    }
}
