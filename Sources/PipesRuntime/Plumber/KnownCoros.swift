import PipesCore

/// The coros that resolvers can list, for a name that none of them knows.
struct KnownCoros {
    private let names: [String]
    /// How many may still be compared: a graph with a mistake in each of its 100,000 nodes must not
    /// take forever.
    private var comparisonsLeft = 200_000

    init(_ resolvers: [any ProcessorResolver]) {
        names = resolvers.flatMap(\.coros)
    }

    /// Adds the nearest name to the first message, unless it names one already.
    mutating func withNearest(
        to coro: String, _ rejection: GraphChecker.Rejection
    ) -> GraphChecker.Rejection {
        comparisonsLeft -= names.count
        guard comparisonsLeft >= 0, let first = rejection.diagnostics.first,
            !first.message.contains("Did you mean"),
            let nearest = nearestName(to: coro, among: names)
        else { return rejection }
        var rejection = rejection
        let end = first.message.hasSuffix(".") ? "" : "."
        rejection.diagnostics[0].message += "\(end) Did you mean \(nearest.quoted)?"
        return rejection
    }
}
