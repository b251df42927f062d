import PipesCore
import Testing

@testable import PipesTesting

@Suite("Rows side by side")
struct RowComparisonTests {
    private func rows(_ values: [Value]) -> [GraphTest.Row] {
        values.enumerated().map {
            GraphTest.Row(value: $1, place: Place(line: $0 + 1, column: 1))
        }
    }

    private static func tensor(_ numbers: [UInt8]?, bits: UInt8 = 8) -> Value {
        let rest = [UInt8](repeating: 0, count: Int(bits) / 8 - 1)
        let data: [UInt8]? = numbers.map { numbers in
            Array(numbers.map { [$0] + rest }.joined())
        }
        let tensor = Tensor(ElementType(code: 1, bits: bits), shape: [2], data: data)
        return tensor.map { .tensor($0) } ?? .null
    }

    private func texts(_ text: String) -> [Value] { text.map { .string(String($0)) } }

    private func sides(_ comparison: RowComparison) -> [String] {
        comparison.lines.map { line in
            "\(line.expected ?? "-") \(line.isSame ? "=" : "!") \(line.got ?? "-")"
        }
    }

    @Test(
        "values are compared as JSON",
        arguments: [
            (Value.int(3), Value.float(3), true),
            (.float(0.5), .float(0.5), true),
            (.int(3), .float(3.5), false),
            (.null, .float(.nan), false),
            (.float(.nan), .float(.nan), true),
            (.float(.infinity), .float(-.infinity), false),
            (.string("aGk="), .bytes(Array("hi".utf8)), true),
            (.bytes(Array("hi".utf8)), .string("aGk="), false),
            (.bytes(Array("hi".utf8)), .bytes(Array("hi".utf8)), true),
            (.string("3"), .int(3), false),
            (.null, tensor([1, 2]), false),
            (tensor([1, 2]), tensor([1, 2]), true),
            (tensor([1, 2]), tensor([1, 3]), false),
            (tensor(nil), tensor([1, 3]), true),
            (tensor([1, 2]), tensor([1, 2], bits: 16), false),
            (.list([.int(1)]), .list([.float(1)]), true),
            (
                .map([.init("a", .int(1)), .init("b", .null)]),
                .map([.init("b", .null), .init("a", .int(1))]), true
            ),
            (.map([.init("a", .int(1))]), .map([.init("a", .int(2))]), false),
        ])
    func comparesAsJSON(expected: Value, got: Value, isSame: Bool) {
        #expect(RowComparison.exact(rows([expected]), [got]).isSame == isSame)
        #expect(RowComparison.anyOrder(rows([expected]), [got]).isSame == isSame)
    }

    @Test("a row that is missing does not shift the others")
    func alignsRows() {
        let comparison = RowComparison.exact(rows(texts("abcd")), texts("acdx"))
        #expect(
            sides(comparison) == [
                "\"a\" = \"a\"", "\"b\" ! -", "\"c\" = \"c\"", "\"d\" = \"d\"", "- ! \"x\"",
            ])
        #expect(comparison.place == Place(line: 2, column: 1))
        #expect(comparison.differenceCount == 2)
    }

    @Test("a row in place of another stands beside it")
    func pairsDifferences() {
        let comparison = RowComparison.exact(rows(texts("abc")), texts("axc"))
        #expect(sides(comparison) == ["\"a\" = \"a\"", "\"b\" ! \"x\"", "\"c\" = \"c\""])
    }

    @Test("very many rows are compared one by one")
    func comparesLongLists() {
        let expected = (0..<5000).map { Value.int($0) }
        var got = expected
        got[4000] = .int(-1)
        got.append(.int(5000))
        let comparison = RowComparison.exact(rows(expected), got)
        #expect(comparison.differenceCount == 2)
        #expect(comparison.place == Place(line: 4001, column: 1))
    }

    @Test("in any order, each row counts once")
    func comparesInAnyOrder() {
        #expect(RowComparison.anyOrder(rows(texts("aab")), texts("aba")).isSame)
        let comparison = RowComparison.anyOrder(rows(texts("aab")), texts("abb"))
        #expect(sides(comparison) == ["\"a\" = \"a\"", "\"b\" = \"b\"", "\"a\" ! \"b\""])
        #expect(comparison.place == Place(line: 2, column: 1))
    }

    @Test("in any order, a row that only BYTES meet gets them before one that a STRING meets too")
    func comparesBytesInAnyOrder() {
        let bytes = Value.bytes(Array("hi".utf8))
        let text = Value.string("aGk=")
        #expect(RowComparison.anyOrder(rows([text, bytes]), [bytes, text]).isSame)
        #expect(RowComparison.anyOrder(rows([text, bytes]), [bytes, bytes]).isSame)
        #expect(!RowComparison.anyOrder(rows([text, bytes]), [text, text]).isSame)
    }

    @Test("no rows at all are what is expected of no rows")
    func comparesNothing() {
        #expect(RowComparison.exact([], []).isSame)
        #expect(!RowComparison.exact([], texts("a")).isSame)
        #expect(!RowComparison.exact(rows(texts("a")), []).isSame)
    }
}
