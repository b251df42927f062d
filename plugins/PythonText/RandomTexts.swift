/// Texts that look like UUIDs (RFC 9562, version 4): 36 characters, hex digits in lower case.
public struct RandomTexts {
    private var seeded: SplitMix?

    /// - Parameter seed: the same texts for the same one; below 0: others each time.
    public init(seed: Int) {
        seeded = seed < 0 ? nil : SplitMix(state: UInt64(seed))
    }

    public mutating func next() -> String {
        var system = SystemRandomNumberGenerator()
        var high = seeded?.next() ?? system.next()
        var low = seeded?.next() ?? system.next()
        high = high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        low = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        var text = ""
        text.reserveCapacity(36)
        Self.append(high, &text)
        Self.append(low, &text)
        return text
    }

    /// Half of the digits: the dashes stand behind the 8th, 12th, 16th and 20th of 32.
    private static func append(_ bits: UInt64, _ text: inout String) {
        let digits = StaticDigits.hex
        for shift in stride(from: 60, through: 0, by: -4) {
            text.unicodeScalars.append(digits[Int(bits >> UInt64(shift) & 15)])
            if [8, 13, 18, 23].contains(text.utf8.count) { text += "-" }
        }
    }

    private enum StaticDigits {
        static let hex = Array("0123456789abcdef".unicodeScalars)
    }
}

/// SplitMix64, after Steele, Lea and Flood, "Fast splittable pseudorandom number generators"
/// (2014): small, and good enough for texts to try things with.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
