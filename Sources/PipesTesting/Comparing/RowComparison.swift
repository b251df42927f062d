public import PipesCore
internal import PipesJSON

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
        let wanted = expected.map { $0.value.comparable }
        let actual = got.map(\.comparable)
        if wanted == actual {
            return RowComparison(lines: zip(expected, got).map { line($0, $1, isSame: true) })
        }
        var comparison = RowComparison()
        let isLong = max(wanted.count, actual.count) > largestAlignment
        var (missing, extra): (Set<Int>, Set<Int>) = ([], [])
        if isLong {
            let both = min(wanted.count, actual.count)
            let different = (0..<both).filter { wanted[$0] != actual[$0] }
            missing = Set(different).union(both..<wanted.count)
            extra = Set(different).union(both..<actual.count)
        } else {
            for change in actual.difference(from: wanted) {
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
        var unmatched: [Value: Int] = [:]
        for value in got { unmatched[value.comparable, default: 0] += 1 }
        var comparison = RowComparison()
        var missing: [GraphTest.Row] = []
        for row in expected {
            let value = row.value.comparable
            if let count = unmatched[value], count > 0 {
                unmatched[value] = count - 1
                comparison.lines.append(line(row, row.value, isSame: true))
            } else {
                missing.append(row)
            }
        }
        var extra: [Value] = []
        for value in got.reversed() {
            guard let count = unmatched[value.comparable], count > 0 else { continue }
            unmatched[value.comparable] = count - 1
            extra.append(value)
        }
        extra.reverse()
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
        Line(expected: row.map { $0.value.json }, got: value.map(\.json), isSame: isSame)
    }
}

extension Value {
    /// What is equal in JSON is equal here: BYTES are their base64, a whole FLOAT is an integer,
    /// what is no number is null, and the order of an object's keys means nothing.
    var comparable: Value {
        switch self {
        case .float(let real) where real.isFinite:
            Int64(exactly: real).map { .int($0) } ?? self
        case .float: .null
        case .bytes(let bytes):
            .string(
                bytes.withUnsafeBufferPointer { buffer in
                    var text: [UInt8] = []
                    Base64.append(buffer, to: &text)
                    return String(decoding: text, as: UTF8.self)
                })
        case .list(let items): .list(items.map(\.comparable))
        case .map(let pairs):
            .map(
                pairs.map { Pair($0.key, $0.value.comparable) }.sorted { $0.key < $1.key })
        default: self
        }
    }
}
