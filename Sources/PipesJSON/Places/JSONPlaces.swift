/// Turns byte offsets of a text into lines and columns, quickly for any number of them and
/// however long the lines are.
///
/// Lines and columns count from 1. A column is a Unicode scalar: a tab is one, a byte order mark
/// none. LF, CRLF and a lone CR end a line.
public struct JSONPlaces: Sendable {
    private static let blockSize = 64

    private let text: [UInt8]
    /// The offset of the first byte of each line.
    private var lineStarts: [Int] = [0]
    /// How many scalars begin before each block of bytes.
    private var scalarCounts: [Int] = []

    public init(_ text: [UInt8]) {
        self.text = text
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { lineStarts[0] = 3 }
        text.withUnsafeBytes { index($0) }
    }

    /// - Parameter offset: of a byte; one past the end means the end.
    public func place(at offset: Int) -> (line: Int, column: Int) {
        let offset = min(max(offset, lineStarts[0]), text.count)
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return (low + 1, scalars(before: offset) - scalars(before: lineStarts[low]) + 1)
    }

    private mutating func index(_ bytes: UnsafeRawBufferPointer) {
        scalarCounts.reserveCapacity(bytes.count / JSONPlaces.blockSize + 2)
        var scalars = 0
        var start = 0
        while start < bytes.count {
            scalarCounts.append(scalars)
            let end = min(start + JSONPlaces.blockSize, bytes.count)
            var offset = start
            while offset < end {
                if offset + 8 <= end {
                    let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    scalars += 8 - continuationCount(word)
                    if mayEndLine(word) { addLines(bytes, offset..<offset + 8) }
                    offset += 8
                } else {
                    if bytes[offset] & 0xC0 != 0x80 { scalars += 1 }
                    addLines(bytes, offset..<offset + 1)
                    offset += 1
                }
            }
            start = end
        }
        scalarCounts.append(scalars)
    }

    private mutating func addLines(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        for offset in range {
            let byte = bytes[offset]
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else { continue }
            if byte == UInt8(ascii: "\r"), offset + 1 < bytes.count,
                bytes[offset + 1] == UInt8(ascii: "\n")
            {
                continue
            }
            lineStarts.append(offset + 1)
        }
    }

    private func scalars(before offset: Int) -> Int {
        let block = offset / JSONPlaces.blockSize
        let start = block * JSONPlaces.blockSize
        let before = scalarCounts[block]
        if offset == start { return before }
        let isASCII = scalarCounts[block + 1] - before == JSONPlaces.blockSize
        if isASCII { return before + offset - start }
        return text[start..<offset].reduce(before) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
    }
}

/// How many of eight bytes are UTF-8 continuations (10xxxxxx).
private func continuationCount(_ word: UInt64) -> Int {
    (word >> 7 & ~(word >> 6) & 0x0101_0101_0101_0101).nonzeroBitCount
}

/// False where none of eight bytes is LF or CR.
private func mayEndLine(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let feeds = word ^ (ones &* 0x0A)
    let returns = word ^ (ones &* 0x0D)
    let zeros = ((feeds &- ones) & ~feeds) | ((returns &- ones) & ~returns)
    return zeros & 0x8080_8080_8080_8080 != 0
}
