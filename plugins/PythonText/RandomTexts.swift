/// Texts that look like UUIDs (RFC 9562, version 4): 36 characters, hex digits in lower case.
public enum RandomTexts {
    public static func next() -> String {
        var random = SystemRandomNumberGenerator()
        var high: UInt64 = random.next()
        var low: UInt64 = random.next()
        high = high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        low = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        var text = ""
        text.reserveCapacity(36)
        append(high, &text)
        append(low, &text)
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
