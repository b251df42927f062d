import PipesPlugin
import Testing

@Suite("Conversion of values")
struct ConversionTests {
    /// Written into a call's memory, and read back as another type.
    private func read<T: ValueReadable>(_ value: some ValueWritable, as type: T.Type) throws -> T {
        let call = StrictCall(node: StrictNode())
        let result = try T(try value.write(into: ResultMemory(call.pointer)))
        withExtendedLifetime(call) {}
        return result
    }

    @Test("every type reads back what it wrote")
    func roundTrips() throws {
        #expect(try read("", as: String.self) == "")
        #expect(try read("a\0é世😀", as: String.self) == "a\0é世😀")
        #expect(try read("text".dropFirst(), as: Substring.self) == "ext")
        #expect(try read(Int.min, as: Int.self) == Int.min)
        #expect(try read(-0.5, as: Double.self) == -0.5)
        #expect(try read(true, as: Bool.self))
        #expect(try read([UInt8]([0, 255]), as: [UInt8].self) == [0, 255])
        #expect(try read(UInt8(7), as: UInt8.self) == 7)
        #expect(try read([String](), as: [String].self) == [])
        let lists = [["a"], [], ["b", "c"]]
        #expect(try read(lists, as: [[String]].self) == lists)
        #expect(
            try read(["k": [1, nil], "l": []], as: [String: [Int?]].self)
                == ["k": [1, nil], "l": []])
        #expect(try read(String?.none, as: String?.self) == nil)
        #expect(try read(String?.some("a"), as: String?.self) == "a")
    }

    @Test("bytes are BYTES, other arrays are lists")
    func kinds() {
        #expect([UInt8].kind == .bytes)
        #expect([Int].kind == .list)
        #expect([[UInt8]].kind == .list)
        #expect([String: Int].kind == .map)
        #expect(Int?.kind == .any)
        #expect(RawValue.kind == .any)
        #expect(TextView.kind == .string)
    }

    @Test("a value of any kind keeps the order of its pairs")
    func values() throws {
        let value = Value.list([
            .null, .bool(false), .int(-1), .float(0.5), .string("é"), .bytes([1]),
            .map([.init("z", .int(1)), .init("a", .list([])), .init("z", .int(2))]),
        ])
        #expect(try read(value, as: Value.self) == value)
    }

    @Test("of two equal keys the last counts in a dictionary")
    func equalKeys() throws {
        let value = Value.map([.init("a", .int(1)), .init("a", .int(2))])
        #expect(try read(value, as: [String: Int].self) == ["a": 2])
    }

    @Test("an INT serves for a Double")
    func integerAsReal() throws {
        #expect(try read(3, as: Double.self) == 3)
    }

    @Test("a part that is of another kind is named")
    func places() {
        #expect(throws: conversion("wanted STRING, got INT")) { try read(1, as: String.self) }
        #expect(throws: conversion("wanted INT, got FLOAT")) { try read(1.0, as: Int.self) }
        #expect(throws: conversion("item 2: wanted INT, got NULL")) {
            try read(Value.list([.int(1), .null]), as: [Int].self)
        }
        #expect(throws: conversion("key \"a\": item 1: wanted BOOL, got STRING")) {
            try read(["a": ["b"]], as: [String: [Bool]].self)
        }
        #expect(throws: conversion("wanted an INT from 0 to 255, got 256")) {
            try read(256, as: UInt8.self)
        }
        #expect(throws: conversion("wanted BYTES, got LIST")) { try read([1], as: [UInt8].self) }
    }

    @Test("text that is not UTF-8 is refused, not repaired")
    func invalidText() {
        let bytes: [CChar] = [-1, 65]
        bytes.withUnsafeBufferPointer { bytes in
            let value = RawValue(pipes_string(bytes.baseAddress, bytes.count))
            #expect(throws: conversion("a STRING that is not UTF-8")) { try String(value) }
        }
    }

    @Test("sizes and kinds that cannot be are errors", arguments: [UInt64.max, 1 << 62])
    func hostileSizes(size: UInt64) {
        var value = pipes_null()
        value.size = size
        for kind in [Kind.string, .bytes, .list, .map] {
            value.kind = kind.rawValue
            let hostile = RawValue(value)
            #expect(throws: conversion("a \(kind.name) of impossible size \(size)")) {
                try Value(hostile)
            }
        }
        value.kind = 77
        let unknown = RawValue(value)
        #expect(throws: conversion("wanted STRING, got a value of unknown kind 77")) {
            try String(unknown)
        }
    }

    @Test("a value nested deeper than the limit is an error, not a crash")
    func depth() throws {
        let items = UnsafeMutablePointer<pipes_value>.allocate(capacity: 100_000)
        defer { items.deallocate() }
        items[0] = pipes_null()
        for depth in 1..<100_000 { items[depth] = pipes_list(items + (depth - 1), 1) }
        #expect(throws: Never.self) { try Value(RawValue(items[512])) }
        let deepest = RawValue(items[99_999])
        #expect(throws: conversion("a value nested deeper than 512")) { try Value(deepest) }
    }

    @Test("a view does not copy")
    func view() throws {
        let call = StrictCall(node: StrictNode())
        let memory = ResultMemory(call.pointer)
        let written = try "text".write(into: memory)
        let passedOn = try TextView(written).write(into: memory)
        #expect(passedOn.value.text == written.value.text)
        #expect(passedOn.value.size == 4)
        withExtendedLifetime(call) {}
    }

    @Test("no memory left is an error that is worth a retry")
    func memoryLimit() {
        let call = StrictCall(node: StrictNode(), allocations: 1)
        let memory = ResultMemory(call.pointer)
        #expect(throws: OutOfMemory.self) { try ["a", "b"].write(into: memory) }
        withExtendedLifetime(call) {}
    }
}

private func conversion(_ text: String) -> ConversionError { ConversionError(text) }
