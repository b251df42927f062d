public import PipesCore

/// Expected and actual rows side by side.
public struct RowComparison: Sendable, Equatable {
    public struct Line: Sendable, Equatable {
        /// JSON on one line; nil where no row stands on that side.
        public var expected: String?
        public var got: String?
        public var isSame: Bool

        public init(expected: String?, got: String?, isSame: Bool) {
            self.expected = expected
            self.got = got
            self.isSame = isSame
        }
    }

    public var lines: [Line] = []
    /// Of the first expected row that did not come; nil where only others came.
    public var place: Place?

    public var isSame: Bool { lines.allSatisfy(\.isSame) }
    public var differenceCount: Int { lines.count { !$0.isSame } }

    /// Above these an alignment would take too long; rows are then compared one by one.
    private static let largestAlignment = 2000

    /// In this order.
    static func exact(_ expected: [GraphTest.Row], _ got: [Value]) -> RowComparison {
        if expected.count == got.count, zip(expected, got).allSatisfy({ $0.value.isMet(by: $1) }) {
            return RowComparison(lines: zip(expected, got).map { line($0, $1, isSame: true) })
        }
        var comparison = RowComparison()
        let isLong = max(expected.count, got.count) > largestAlignment
        var (missing, extra): (Set<Int>, Set<Int>) = ([], [])
        if isLong {
            let both = min(expected.count, got.count)
            let different = (0..<both).filter { !expected[$0].value.isMet(by: got[$0]) }
            missing = Set(different).union(both..<expected.count)
            extra = Set(different).union(both..<got.count)
        } else {
            let wanted = expected.map { Side.expected($0.value) }
            for change in got.map(Side.got).difference(from: wanted, by: Side.areSame) {
                switch change {
                case .remove(let offset, _, _): missing.insert(offset)
                case .insert(let offset, _, _): extra.insert(offset)
                }
            }
        }
        var (left, right) = (0, 0)
        while left < expected.count || right < got.count {
            let isMissing = missing.contains(left)
            let isExtra = extra.contains(right)
            let row = isMissing || !isExtra ? expected[left] : nil
            let value = isExtra || !isMissing ? got[right] : nil
            comparison.lines.append(line(row, value, isSame: !isMissing && !isExtra))
            if isMissing { comparison.place = comparison.place ?? row?.place }
            if row != nil { left += 1 }
            if value != nil { right += 1 }
        }
        return comparison
    }

    /// In whatever order: rows that are on both sides first, then those that are on one.
    static func anyOrder(_ expected: [GraphTest.Row], _ got: [Value]) -> RowComparison {
        var partners = Partners(got)
        // An equal one first: another row may be met by no other.
        let equals = expected.map { row in partners.take(like: row.value) { row.value == $0 } }
        var comparison = RowComparison()
        var missing: [GraphTest.Row] = []
        for (row, equal) in zip(expected, equals) {
            if let index = equal ?? partners.take(like: row.value, where: row.value.isMet) {
                comparison.lines.append(line(row, got[index], isSame: true))
            } else {
                missing.append(row)
            }
        }
        let extra = partners.left.map { got[$0] }
        for index in 0..<max(missing.count, extra.count) {
            comparison.lines.append(
                line(
                    index < missing.count ? missing[index] : nil,
                    index < extra.count ? extra[index] : nil, isSame: false))
        }
        comparison.place = missing.first?.place
        return comparison
    }

    private static func line(
        _ row: GraphTest.Row?, _ value: Value?, isSame: Bool
    ) -> Line {
        Line(expected: row.map { $0.value.shown }, got: value.map(\.shown), isSame: isSame)
    }

    /// A row of one side: what meets what depends on which was written and which came.
    private enum Side {
        case expected(Value)
        case got(Value)

        static func areSame(_ one: Side, _ other: Side) -> Bool {
            switch (one, other) {
            case (.expected(let wanted), .got(let value)), (.got(let value), .expected(let wanted)):
                wanted.isMet(by: value)
            case (.expected(let one), .expected(let other)), (.got(let one), .got(let other)):
                one == other
            }
        }
    }
}

/// The rows that came and have no partner yet, to be found by likeness.
private struct Partners {
    private let values: [Value]
    /// Places in `values`, the last of each first.
    private var places: [Value: [Int]] = [:]

    init(_ values: [Value]) {
        self.values = values
        for (place, value) in values.enumerated().reversed() {
            places[value.likeness, default: []].append(place)
        }
    }

    /// Takes the first that is like a value and passes.
    mutating func take(like value: Value, where passes: (Value) -> Bool) -> Int? {
        let likeness = value.likeness
        guard let index = places[likeness]?.lastIndex(where: { passes(values[$0]) }) else {
            return nil
        }
        return places[likeness]?.remove(at: index)
    }

    /// Their places, in order.
    var left: [Int] { places.values.joined().sorted() }
}
