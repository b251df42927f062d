extension JSONReader {
    /// Reads a number whose first character stands at the offset.
    mutating func number() throws(JSONError) -> Token {
        let start = offset
        var position = start
        func digit() -> UInt64? {
            guard position < text.count else { return nil }
            let value = text[position] &- UInt8(ascii: "0")
            return value < 10 ? UInt64(value) : nil
        }
        let isNegative = text[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }

        // The digits as one integer, as long as they fit.
        var digits: UInt64 = 0
        var isExact = true
        func take(_ digit: UInt64) {
            let (tens, overflow) = digits.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(digit)
            isExact = isExact && !overflow && !carry
            digits = sum
            position += 1
        }

        let firstDigit = position
        while let next = digit() { take(next) }
        if position == firstDigit { throw malformed(from: start, at: position, "a digit") }
        if text[firstDigit] == UInt8(ascii: "0"), position > firstDigit + 1 {
            throw JSONError(offset: start, message: "a number with a leading zero")
        }
        var isInteger = true
        var exponent = 0
        if position < text.count, text[position] == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            let fraction = position
            while let next = digit() { take(next) }
            if position == fraction {
                throw malformed(from: start, at: position, "a digit after the point")
            }
            exponent = fraction - position
        }
        if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            exponent += try readExponent(&position, ofNumberAt: start)
        }
        if position < text.count, isWordByte(text[position]) {
            throw malformed(from: start, at: position, "the end of the number")
        }
        offset = position
        if isInteger, isExact, let integer = signed(digits, isNegative) { return .integer(integer) }
        if isExact, let real = exactReal(digits, exponent) {
            return .real(isNegative ? -real : real)
        }
        return .real(try roundedReal(from: start))
    }

    private mutating func readExponent(
        _ position: inout Int, ofNumberAt start: Int
    ) throws(JSONError) -> Int {
        position += 1
        var isNegative = false
        if position < text.count,
            text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-")
        {
            isNegative = text[position] == UInt8(ascii: "-")
            position += 1
        }
        let first = position
        var exponent = 0
        while position < text.count, text[position] &- UInt8(ascii: "0") < 10 {
            // Past this the number is 0 or beyond all range; it must only not overflow.
            if exponent < 100_000 {
                exponent = exponent * 10 + Int(text[position] - UInt8(ascii: "0"))
            }
            position += 1
        }
        if position == first {
            throw malformed(from: start, at: position, "a digit in the exponent")
        }
        return isNegative ? -exponent : exponent
    }

    /// The error stands at the start of the number, and quotes it as it is written: `-Infinity`.
    private mutating func malformed(
        from start: Int, at position: Int, _ expected: String
    ) -> JSONError {
        offset = position
        let reason = unexpected(expected).message
        return JSONError(
            offset: start, message: "\"\(written(at: start))\" is not a number: \(reason)")
    }

    /// A number for messages: so many characters show which one is meant.
    private func written(at start: Int) -> String {
        let signs = [UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: ".")]
        let number = text[start...].prefix(24).prefix { isWordByte($0) || signs.contains($0) }
        return String(decoding: number, as: UTF8.self)
    }

    private func signed(_ magnitude: UInt64, _ isNegative: Bool) -> Int64? {
        if !isNegative { return Int64(exactly: magnitude) }
        if magnitude == UInt64(Int64.max) + 1 { return Int64.min }
        return Int64(exactly: magnitude).map { -$0 }
    }

    /// Digits and power of ten that a Double holds exactly, so that one rounding is all there is
    /// (W. D. Clinger, "How to Read Floating Point Numbers Accurately", 1990).
    private func exactReal(_ digits: UInt64, _ exponent: Int) -> Double? {
        guard digits <= 1 << 53, abs(exponent) <= 22 else { return nil }
        let power = powersOfTen[abs(exponent)]
        return exponent < 0 ? Double(digits) / power : Double(digits) * power
    }

    private func roundedReal(from start: Int) throws(JSONError) -> Double {
        let digits = String(decoding: text[start..<offset], as: UTF8.self)
        guard let real = Double(digits), real.isFinite else {
            throw JSONError(
                offset: start,
                message: "the number \(written(at: start)) is beyond the range of a FLOAT, which "
                    + "ends at 1.8e308",
                isJSON: true)
        }
        return real
    }
}

private let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]
