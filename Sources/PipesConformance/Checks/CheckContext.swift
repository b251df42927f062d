import PipesCore
import PipesPluginHost

/// What a check has to work with.
struct CheckContext {
    /// The check can't be made, and why.
    struct Skipped: Error {
        var reason: String
    }

    let file: String
    let plugin: LoadedPlugin
    /// Of a check of the whole plugin: any.
    let processor: LoadedProcessor
    /// In the order of the params.
    let args: [Sample]
    let seed: UInt64
    let check: String
    let progress: Progress
    let watch: Watch
    /// Rows that the user gave, all of one width.
    let ownRows: [[Sample]]

    var description: ProcessorDescription { processor.description }

    /// Numbers for this check alone.
    func bits(_ use: String = "") -> RandomBits {
        RandomBits(seed: seed, check, description.name, use)
    }

    func generator(_ use: String = "") -> RowGenerator {
        RowGenerator(
            inputs: description.inputs, width: ownRows.first?.count, widest: widest, bits: bits(use)
        )
    }

    /// A processor that takes any number of inputs by its description may refuse some in open: one that
    /// takes one or two can't say so otherwise.
    private var widest: Int {
        guard description.inputs == nil else { return RowGenerator.widest }
        progress.step("open with \(RowGenerator.widest) inputs")
        for width in stride(from: RowGenerator.widest, to: 1, by: -1) {
            guard let node = try? open(width: width) else { continue }
            node.close()
            return width
        }
        return 1
    }

    /// Generated rows and the user's own in turns, beginning with one of those: at most as many of
    /// them as `most`, from all over the file.
    func mixed(_ generated: [[Sample]], atMost most: Int) -> [[Sample]] {
        let count = min(ownRows.count, most)
        let own = (0..<count).map { ownRows[$0 * ownRows.count / count] }
        var rows: [[Sample]] = []
        for index in 0..<max(own.count, generated.count) {
            if index < own.count { rows.append(own[index]) }
            if index < generated.count { rows.append(generated[index]) }
        }
        return rows
    }

    /// - Throws: `Skipped` where the processor does not want to be opened with its usual args.
    func open(_ conduct: Conduct = Conduct(), width: Int? = nil) throws -> OpenNode {
        do {
            return try open(args: args, conduct, width: width)
        } catch let refused as OpenNode.Refused {
            throw Skipped(
                reason: "open was refused: \(refused.reason); give other args with "
                    + "--set \(description.name).ARG=VALUE")
        }
    }

    /// - Throws: `OpenNode.Refused`.
    func open(args: [Sample], _ conduct: Conduct, width: Int? = nil) throws -> OpenNode {
        try OpenNode(
            processor, args: args, width: width ?? description.inputs?.count ?? 1,
            conduct: conduct, progress: progress, watch: watch)
    }

    /// Opens a node, gives it rows (a source: takes rows) and closes it.
    ///
    /// - Parameter sizes: of batches, or of demands.
    func run(
        _ rows: [[Sample]], in sizes: [Int], _ conduct: Conduct = Conduct(),
        isValid: Bool = true, as label: String = ""
    ) throws -> Delivery {
        let prefix = label.isEmpty ? "" : label + ": "
        progress.step(prefix + "open")
        let node = try open(conduct, width: rows.first?.count)
        let delivery =
            description.isSource
            ? node.take(Self.rowsOfSource, demands: sizes) { progress.step(prefix + $0) }
            : try node.deliver(rows, in: sizes, isValid: isValid) { progress.step(prefix + $0) }
        progress.step(prefix + "close")
        node.close()
        return delivery
    }

    private static let rowsOfSource = 200

    /// As many rows as can be given in about half a second.
    func rows(_ use: String = "", atMost most: Int = 40) throws -> [[Sample]] {
        guard !description.isSource else { return [] }
        var generator = generator(use)
        let generated = generator.rows(3)
        let first = mixed(generated, atMost: 3)
        let start = ContinuousClock.now
        _ = try run(first, in: [1], as: "a first try")
        let each = (ContinuousClock.now - start) / first.count
        let time = each > .zero ? Int(Duration.milliseconds(500) / each) : most
        let count = max(3, min(most, time))
        return mixed(generated + generator.rows(count), atMost: count)
    }

    /// What becomes of rows; nil (and the reason is told) where two equal runs differ, so that
    /// nothing can be compared.
    func reference(
        _ rows: [[Sample]], in sizes: [Int], _ conduct: Conduct = Conduct()
    ) throws -> Delivery? {
        let first = try run(rows, in: sizes, conduct, as: "for comparison")
        let second = try run(rows, in: sizes, conduct, as: "for comparison again")
        return first == second ? second : nil
    }

    var notRepeatable: Skipped {
        Skipped(
            reason:
                "two equal runs differ, so there is nothing to compare with; if an arg makes it "
                + "repeatable, give it with --set \(description.name).ARG=VALUE")
    }
}
