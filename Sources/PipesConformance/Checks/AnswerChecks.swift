import CPipes
import PipesCore

/// What a processor makes of its rows.
enum AnswerChecks {
    static let all = [
        Check(
            "statuses",
            proves: "Each call answers a status that its shape allows.",
            source: "pipes.h, pipes_status", isRandom: true, rules: [.status], run: ordinaryRows),
        Check(
            "emits",
            proves: "Values leave by outputs that there are, from rows that there are, as many as "
                + "the rate says.",
            source: "pipes.h, pipes_host: emit; pipes_rate", isRandom: true, rules: [.emit],
            run: ordinaryRows),
        Check(
            "values",
            proves: "Values are whole, of the kind of their output, and texts are UTF-8.",
            source: "pipes.h, pipes_value, pipes_port", isRandom: true, rules: [.value],
            run: ordinaryRows),
        Check(
            "calls",
            proves:
                "Host functions are used in the call, with the node and by the thread that they "
                + "belong to.",
            source: "pipes.h, \"Thread contract\"; pipes_host", isRandom: true, rules: [.call],
            run: ordinaryRows),
        Check(
            "splits",
            proves: "The same rows come to the same, however they are cut into batches.",
            source: "docs/plugin-authors.md, \"Batches\"; pipes.h, pipes_batch", isRandom: true,
            run: splits),
        Check(
            "text",
            proves:
                "Texts that are empty, huge, hold NULs or are no UTF-8, lists in many lists, tensors "
                + "and NULLs do no harm.",
            source: "pipes.h, pipes_kind: PIPES_STRING", isRandom: true, rules: Check.everyRule,
            applies: { !$0.isSource }, run: text),
        Check(
            "host-table",
            proves:
                "It comes to the same with the smallest host table and with a later, larger one.",
            source: "pipes.h, \"Structs grow at the end only\"; docs/plugin-authors.md, "
                + "\"Versions\"",
            isRandom: true, run: hostTable),
    ]

    private static func ordinaryRows(_ context: CheckContext) throws {
        for round in 1...3 {
            let rows = try context.rows("round \(round)")
            _ = try context.run(rows, in: round == 1 ? [1] : [7, 1, 30], as: "round \(round)")
            // The rows of a source do not depend on what it is given.
            if context.description.isSource { return }
        }
    }

    private static func splits(_ context: CheckContext) throws {
        let description = context.description
        if description.rate == .aggregates, description.holds == .none {
            throw CheckContext.Skipped(
                reason: "an aggregate that holds no rows answers for each batch by itself")
        }
        let rows = try context.rows()
        let all = max(1, description.isSource ? 256 : rows.count)
        guard let whole = try context.reference(rows, in: [all]) else {
            throw context.notRepeatable
        }
        var bits = context.bits("sizes")
        for sizes in [[1]] + (0..<3).map({ _ in randomSizes(&bits) }) {
            let cut = try context.run(rows, in: sizes, as: "in batches of \(sizes)")
            if let difference = whole.difference(from: cut) {
                context.progress.finding(
                    "as one batch, and then in batches of \(sizes): \(difference)")
            }
        }
    }

    private static func randomSizes(_ bits: inout RandomBits) -> [Int] {
        (0..<Int.random(in: 2...5, using: &bits)).map { _ in
            bits.once(in: 3) ? 1 : Int.random(in: 1...12, using: &bits)
        }
    }

    private static func text(_ context: CheckContext) throws {
        var generator = context.generator()
        let hard = generator.hardRows(isValid: true)
        _ = try context.run(hard, in: [1], as: "valid texts")
        _ = try context.run(hard, in: [3, 1, 5], as: "valid texts in batches")
        let broken = generator.hardRows(isValid: false)
        _ = try context.run(broken, in: [2], isValid: false, as: "texts that are no UTF-8")
        // `on_missing: null` puts a NULL in the place of a partner that never came.
        let missing = generator.rows(4).map { row in row.map { _ in Sample.null } }
        _ = try context.run(missing, in: [1, 3], as: "NULLs")
    }

    private static func hostTable(_ context: CheckContext) throws {
        let rows = try context.rows(atMost: 10)
        let usual = try context.reference(rows, in: [3])
        for form in [StrictHost.Form.smallest, .larger] {
            var conduct = Conduct()
            conduct.tableForm = form
            let label = "with the \(form) table"
            let other: Delivery
            do {
                other = try context.run(rows, in: [3], conduct, as: label)
            } catch is CheckContext.Skipped {
                context.progress.finding("with the usual table it opens, and \(label) it does not")
                continue
            }
            if let difference = usual?.difference(from: other) {
                context.progress.finding("with the usual table, and then \(label): \(difference)")
            }
        }
    }
}
