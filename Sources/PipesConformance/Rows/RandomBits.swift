/// Numbers that depend on a seed alone, so that what failed can be made again.
///
/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
struct RandomBits: RandomNumberGenerator {
    private var state: UInt64

    /// - Parameter names: told apart from all others of the same seed.
    init(seed: UInt64, _ names: String...) {
        state = seed
        // FNV-1a (Fowler, Noll, Vo): Swift's own hashes differ from run to run.
        for byte in names.joined(separator: "\0").utf8 {
            state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
        }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }

    /// Whether something happens that happens once in `count` times.
    mutating func once(in count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &self)]
    }
}
