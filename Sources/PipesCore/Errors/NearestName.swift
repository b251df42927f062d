/// The name that was probably meant: for "Did you mean ...?".
///
/// A difference in case alone counts as none; insertions, deletions, replacements and swaps of
/// neighbours count one each (optimal string alignment distance, R. A. Wagner and R. Lowrance,
/// 1975), up to two fifths of the name's length. Failing that, a name that begins with this one
/// or that this one begins with.
///
/// - Returns: the nearest name, the first of several that are equally near; nil where none is
///   near enough to be helpful.
public func nearestName(to name: String, among candidates: some Sequence<String>) -> String? {
    let wanted = lowercased(name)
    // Longer ones are no names that somebody mistyped, and would take long to compare.
    guard (1...64).contains(wanted.count) else { return nil }
    var nearest: String?
    var relative: String?
    var limit = wanted.count == 1 ? 0 : max(1, wanted.count * 2 / 5)
    for candidate in candidates {
        guard candidate != name, (1...64).contains(candidate.utf8.count) else { continue }
        let letters = lowercased(candidate)
        if let distance = distance(wanted, letters, limit: limit) {
            nearest = candidate
            if distance == 0 { break }
            limit = distance - 1
        } else if relative == nil, min(letters.count, wanted.count) >= 2,
            letters.starts(with: wanted) || wanted.starts(with: letters)
        {
            relative = candidate
        }
    }
    return nearest ?? relative
}

/// ` Did you mean "reverse"?`, or nothing where no name is near.
package func didYouMean(_ name: String, among candidates: some Sequence<String>) -> String {
    nearestName(to: name, among: candidates).map { " Did you mean \($0.quoted)?" } ?? ""
}

private func lowercased(_ name: String) -> [UInt8] {
    name.utf8.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
}

/// - Returns: nil where it is above the limit.
private func distance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int? {
    if abs(left.count - right.count) > limit { return nil }
    if left == right { return 0 }
    if limit == 0 { return nil }
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    var current = last
    for row in 1...left.count {
        current[0] = row
        for column in 1...right.count {
            let isSame = left[row - 1] == right[column - 1]
            var cost = min(
                last[column] + 1, current[column - 1] + 1, last[column - 1] + (isSame ? 0 : 1))
            if row > 1, column > 1, left[row - 1] == right[column - 2],
                left[row - 2] == right[column - 1]
            {
                cost = min(cost, beforeLast[column - 2] + 1)
            }
            current[column] = cost
        }
        if let least = current.min(), least > limit { return nil }
        (beforeLast, last, current) = (last, current, beforeLast)
    }
    return last[right.count] <= limit ? last[right.count] : nil
}
