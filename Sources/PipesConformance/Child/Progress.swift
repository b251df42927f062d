import Glibc
import PipesCore
import PipesRuntime

/// What a child tells of its check while it is at it: a line of JSON for each, so that what was said
/// before a crash is not lost.
///
/// `@unchecked Sendable`: constant but for what is behind the lock.
final class Progress: @unchecked Sendable {
    /// What the parent is told.
    enum Event: String {
        /// What is done next.
        case step
        case finding
        case warning
        /// Why the check can't be made.
        case skip
        /// How many rows the processor was given, and what it made of them.
        case rows
        /// The check was made to its end.
        case done
    }

    private let output: Int32
    private let rules: Set<Misuse.Rule>
    private static let mostFindings = 3
    private let told = Locked<Set<String>>([])
    private let rows = Locked(RowCount())

    /// - Parameters:
    ///   - output: is written to, and stays open.
    ///   - rules: which misuse the check is about.
    init(output: Int32, rules: Set<Misuse.Rule>) {
        self.output = output
        self.rules = rules
    }

    func step(_ text: String) { tell(.step, text) }
    func skip(_ reason: String) { tell(.skip, reason) }
    func warning(_ text: String) { tell(.warning, text) }
    func count(_ more: RowCount) { rows.withLock { $0 = $0 + more } }

    func done() {
        tell(.rows, rows.withLock { $0 }.text)
        tell(.done, "")
    }

    /// Of many only the first are told: they are examples of one mistake.
    func finding(_ text: String) {
        let number = told.withLock { $0.insert(text).inserted ? $0.count : 0 }
        if (1...Self.mostFindings).contains(number) { tell(.finding, text) }
        if number == Self.mostFindings + 1 { tell(.finding, "and more") }
    }

    /// Ends the check, and the process, with what makes it impossible to go on.
    func end(_ text: String) -> Never {
        tell(.finding, text)
        done()
        // Not exit: what the plugin left to run at the end is not asked for.
        _exit(0)
    }

    /// Takes over what the plugin did with a node that it may not.
    func take(_ node: StrictNode) {
        let strays = Desk.strays.withLock { strays in
            defer { strays = [] }
            return strays
        }
        for misuse in node.misuses + strays where rules.contains(misuse.rule) {
            finding(misuse.text)
        }
    }

    private func tell(_ event: Event, _ text: String) {
        var bytes: [UInt8] = []
        Value.map([.init(event.rawValue, .string(text))]).appendJSON(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // Nobody listens any longer.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
