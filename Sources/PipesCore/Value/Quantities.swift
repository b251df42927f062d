/// A time as people write it: a number and a unit, such as `10ms`, `1.5s`, `2m` or `1h`.
public enum DurationText {
    /// For messages about what can't be read.
    public static let examples = "\"10ms\", \"1.5s\", \"2m\" or \"1h\""

    /// - Parameter text: digits, with or without a fraction, and `ns`, `us`, `ms`, `s`, `m` or
    ///   `h`; no sign and no spaces.
    /// - Returns: nil where it is not such a text, or beyond 290 years.
    public static func parse(_ text: String) -> Duration? {
        let nanoseconds: UInt64? = Quantity(text).flatMap { quantity in
            let unit: UInt64? =
                switch quantity.unit {
                case "ns": 1
                case "us": 1000
                case "ms": 1_000_000
                case "s": 1_000_000_000
                case "m": 60_000_000_000
                case "h": 3_600_000_000_000
                default: nil
                }
            return unit.flatMap { quantity.scaled(by: $0) }
        }
        return nanoseconds.flatMap { Int64(exactly: $0) }.map { .nanoseconds($0) }
    }
}

/// A number of bytes as people write it, such as `16MiB`, `4KiB`, `1MB` or `512`.
public enum SizeText {
    /// For messages about what can't be read.
    public static let examples = "\"16MiB\", \"4KiB\", \"1MB\" or a number of bytes"

    /// - Parameter text: digits, with or without a fraction, and nothing, `B`, `KB`, `MB`, `GB`
    ///   (powers of 1000), `KiB`, `MiB` or `GiB` (powers of 1024); no sign and no spaces.
    /// - Returns: nil where it is not such a text, or above `Int.max`.
    public static func parse(_ text: String) -> Int? {
        guard let quantity = Quantity(text) else { return nil }
        let unit: UInt64? =
            switch quantity.unit {
            case "", "B": 1
            case "KB", "kB": 1000
            case "MB": 1_000_000
            case "GB": 1_000_000_000
            case "KiB": 1 << 10
            case "MiB": 1 << 20
            case "GiB": 1 << 30
            default: nil
            }
        return unit.flatMap { quantity.scaled(by: $0) }.flatMap { Int(exactly: $0) }
    }
}

/// A decimal number and what follows it.
private struct Quantity {
    var whole: UInt64
    /// The digits behind the point, and ten to the power of their number.
    var fraction: UInt64 = 0
    var fractionScale: UInt64 = 1
    var unit: Substring

    init?(_ text: String) {
        let digits = text.utf8.prefix { $0.isDigit }
        guard let whole = UInt64(Substring(digits)) else { return nil }
        self.whole = whole
        var rest = text.utf8[digits.endIndex...]
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let digits = rest.prefix { $0.isDigit }
            if digits.isEmpty { return nil }
            // Eighteen digits fit; what stands behind them is less than any unit can show.
            for digit in digits.prefix(18) {
                fraction = fraction * 10 + UInt64(digit - UInt8(ascii: "0"))
                fractionScale *= 10
            }
            rest = rest[digits.endIndex...]
        }
        unit = Substring(rest)
    }

    /// In whole units, what is less than one dropped; nil where it is too large.
    func scaled(by unit: UInt64) -> UInt64? {
        let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
        // The fraction is below 1, so the quotient is below `unit` and fits.
        let part = fractionScale.dividingFullWidth(fraction.multipliedFullWidth(by: unit)).quotient
        let (sum, carry) = product.addingReportingOverflow(part)
        return overflow || carry ? nil : sum
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
}
