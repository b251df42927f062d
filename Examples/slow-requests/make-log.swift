// Writes access.jsonl, the log of a small web shop, one JSON object a line: the same text at
// each run, since all chance comes from a generator with a fixed start.
//
//     swift Examples/slow-requests/make-log.swift > Examples/slow-requests/access.jsonl

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct Chance {
    private var state: UInt64 = 2026

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int {
        Int(next() % UInt64(limit))
    }
}

/// One kind of request: how often it comes, how long it takes, what it answers.
struct Kind {
    var weight: Int
    /// `#` stands for a number.
    var path: String
    /// The usual time of an answer, in milliseconds.
    var time: Range<Int>
    /// One in so many takes up to forty times as long.
    var slowOneIn: Int
    var status: Int
    var bytes: Int
    var method = "GET"
}

let kinds = [
    Kind(weight: 24, path: "/", time: 3..<23, slowOneIn: 90, status: 200, bytes: 18_000),
    Kind(weight: 30, path: "/products/#", time: 8..<48, slowOneIn: 60, status: 200, bytes: 9_500),
    Kind(
        weight: 14, path: "/search?q=lamp&page=#", time: 60..<300, slowOneIn: 7, status: 200,
        bytes: 14_000),
    Kind(
        weight: 10, path: "/cart/items", time: 12..<72, slowOneIn: 40, status: 201, bytes: 420,
        method: "POST"),
    Kind(
        weight: 6, path: "/orders", time: 110..<510, slowOneIn: 8, status: 201, bytes: 900,
        method: "POST"),
    Kind(
        weight: 5, path: "/orders/#/invoice.pdf", time: 240..<940, slowOneIn: 6, status: 200,
        bytes: 86_000),
    Kind(weight: 8, path: "/images/#.webp", time: 1..<7, slowOneIn: 200, status: 304, bytes: 0),
    Kind(weight: 3, path: "/wp-login.php", time: 1..<4, slowOneIn: 500, status: 404, bytes: 160),
]
let totalWeight = kinds.reduce(0) { $0 + $1.weight }
var chance = Chance()
/// The time of the request, in milliseconds since midnight.
var clock = 6 * 3_600_000

func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

func pick() -> Kind {
    var ticket = chance.below(totalWeight)
    for kind in kinds {
        if ticket < kind.weight { return kind }
        ticket -= kind.weight
    }
    return kinds[0]
}

for _ in 0..<400 {
    clock += 20 + chance.below(4_000)
    let kind = pick()
    let id = 1 + chance.below(200)
    let path = kind.path.split(separator: "#", omittingEmptySubsequences: false)
        .joined(separator: String(id))
    var time = kind.time.lowerBound + chance.below(kind.time.count)
    if chance.below(kind.slowOneIn) == 0 { time *= 2 + chance.below(39) }
    let bytes = kind.bytes == 0 ? 0 : kind.bytes / 2 + chance.below(kind.bytes)
    let stamp =
        "2026-03-14T\(padded(clock / 3_600_000, 2)):\(padded(clock / 60_000 % 60, 2)):"
        + "\(padded(clock / 1_000 % 60, 2)).\(padded(clock % 1_000, 3))Z"
    print(
        #"{"time": "\#(stamp)", "client": "198.51.100.\#(1 + chance.below(254))", "#
            + #""request": {"method": "\#(kind.method)", "path": "\#(path)"}, "#
            + #""status": \#(kind.status), "bytes": \#(bytes), "ms": \#(time)}"#)
}
