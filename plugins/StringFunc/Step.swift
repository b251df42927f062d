/// A time as graph files write it: a number and a unit, such as `10ms`, `1.5s` or `2m`.
struct Step {
    let duration: Duration

    /// - Throws: what to write in place of a text that is not such a time.
    init(_ text: String) throws {
        let number = text.prefix { $0 == "." || ("0"..."9").contains($0) }
        let unit: Double? =
            switch text[number.endIndex...] {
            case "ns": 1e-9
            case "us": 1e-6
            case "ms": 1e-3
            case "s": 1
            case "m": 60
            case "h": 3600
            default: nil
            }
        // Up to about 30 years: the sum of the waits must stay a time, too.
        guard number.first != ".", number.last != ".", let unit, let count = Double(number),
            count * unit < 1e9
        else { throw NoDuration(text: text) }
        duration = .seconds(count * unit)
    }

    struct NoDuration: Error, CustomStringConvertible {
        let text: String

        var description: String {
            "step: \"\(text)\" is not a duration; write a number and ns, us, ms, s, m or h, such as "
                + "\"10ms\""
        }
    }
}
