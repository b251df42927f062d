// A program with closures, for tests that measure a whole process:
// `closures large KIND ROWS` prints the most memory that it had, in KiB, and
// `closures sleeping ROWS` how often the time of a plain task group a graph takes.
import Glibc
import Pipes

func run(_ map: Coro, rows: Int, concurrency: Int) async throws {
    var properties = NodeProperties()
    properties.concurrency = concurrency
    let graph = Graph(
        name: "closures",
        nodes: [
            .init("src", coro: "src"), .init("map", coro: "map", properties: properties),
            .init("out", coro: "out"),
        ],
        edges: [.init(from: "src", to: "map"), .init(from: "map", to: "out")])
    let coros: CoroMap = [
        "src": .values((0..<Int64(rows)).lazy.map(Value.int)), "map": map,
        "out": .sink { _, _ in },
    ]
    let report = try await Plumber(graph, resolvers: [coros]).run()
    guard report.nodes.last?.out == rows else { throw Lost() }
}

struct Lost: Error {}

/// In KiB, from proc(5): what getrusage(2) counts begins with the program that started this one.
func peakMemory() throws -> Int {
    guard let file = fopen("/proc/self/status", "r") else { throw Lost() }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
        var kibibytes = 0
        let found = withUnsafeMutablePointer(to: &kibibytes) { number in
            withVaList([number]) { vsscanf(line, "VmHWM: %ld", $0) }
        }
        if found == 1 { return kibibytes }
    }
    throw Lost()
}

/// A result of 8 MiB.
func makeLarge() -> Value { .bytes([UInt8](repeating: 1, count: 8 << 20)) }

func large(_ kind: String) -> Coro {
    switch kind {
    case "plain": .map { _, _ in makeLarge() }
    case "async": .map { _, _ in await Task { makeLarge() }.value }
    default:
        .map { _, _ in
            try await Task.sleep(for: .milliseconds(1))
            return makeLarge()
        }
    }
}

func seconds(_ body: () async throws -> Void) async rethrows -> Double {
    let start = ContinuousClock.now
    try await body()
    return (ContinuousClock.now - start) / .seconds(1)
}

func sleepingRatio(_ rows: Int) async throws -> Double {
    let time = Duration.milliseconds(100)
    let alone = try await seconds {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<rows { group.addTask { try await Task.sleep(for: time) } }
            try await group.waitForAll()
        }
    }
    let map: Coro = .map { row, _ in
        try await Task.sleep(for: time)
        return row[0]
    }
    let inGraph = try await seconds { try await run(map, rows: rows, concurrency: rows) }
    return inGraph / alone
}

let arguments = CommandLine.arguments.dropFirst()
if arguments.count == 3, arguments.first == "large", let rows = Int(arguments[3]) {
    try await run(large(arguments[2]), rows: rows, concurrency: 4)
    print(try peakMemory())
} else if arguments.count == 2, arguments.first == "sleeping", let rows = Int(arguments[2]) {
    print(try await sleepingRatio(rows))
} else {
    exit(1)
}
