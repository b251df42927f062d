/// Texts that look like UUIDs (RFC 9562, version 4): 36 characters, hex digits in lower case.
public struct RandomTexts: Sendable {
    private var random: SplitMix

    /// - Parameter seed: the same texts for the same one; below 0: others each time.
    public init(seed: Int) {
        random = SplitMix(state: seed < 0 ? UInt64.random(in: 0...UInt64.max) : UInt64(seed))
    }

    public mutating func next() -> String {
        let high = random.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { text in
            var end = 0
            for bits in [high, low] {
                for shift in stride(from: 60, through: 0, by: -4) {
                    text[end] = Self.digit(bits >> UInt64(shift) & 15)
                    end += 1
                    if end == 8 || end == 13 || end == 18 || end == 23 {
                        text[end] = UInt8(ascii: "-")
                        end += 1
                    }
                }
            }
            return end
        }
    }

    private static func digit(_ value: UInt64) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + UInt8(value) : UInt8(ascii: "a") + UInt8(value - 10)
    }
}

/// SplitMix64, after Steele, Lea and Flood, "Fast splittable pseudorandom number generators"
/// (2014): small, and good enough for texts to try things with.
private struct SplitMix: Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
