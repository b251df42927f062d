internal import PipesPlugin

/// Of two equal keys of an object the last counts; it stands where the first one stood.
enum LastOfEqualKeys {
    /// - Parameter values: key, value, key, value from `start` on.
    static func keep(in values: inout [pipes_value], from start: Int) {
        let pairCount = (values.count - start) / 2
        guard pairCount > 1 else { return }
        // Comparing a few keys with each other is faster than hashing them, and most maps are small.
        if pairCount <= 8 {
            keep(in: &values, from: start) { values, kept, key in
                kept.first { areEqual(values[$0], key) }
            }
        } else {
            var places: [HashableKey: Int] = [:]
            places.reserveCapacity(pairCount)
            keep(in: &values, from: start) { _, kept, key in
                let key = HashableKey(key: key)
                if let place = places[key] { return place }
                places[key] = kept.upperBound
                return nil
            }
        }
    }

    /// Moves the pairs together, each equal key onto the first of its kind.
    private static func keep(
        in values: inout [pipes_value], from start: Int,
        placeOfEqual: ([pipes_value], KeyPlaces, pipes_value) -> Int?
    ) {
        var end = start
        for place in stride(from: start, to: values.count, by: 2) {
            let key = values[place]
            let value = values[place + 1]
            if let first = placeOfEqual(values, KeyPlaces(start: start, upperBound: end), key) {
                values[first + 1] = value
                continue
            }
            values[end] = key
            values[end + 1] = value
            end += 2
        }
        values.removeSubrange(end...)
    }

    /// Where the keys stand that are kept so far.
    private struct KeyPlaces {
        let start: Int
        let upperBound: Int

        func first(where isWanted: (Int) -> Bool) -> Int? {
            stride(from: start, to: upperBound, by: 2).first(where: isWanted)
        }
    }

    private struct HashableKey: Hashable {
        let key: pipes_value

        static func == (left: HashableKey, right: HashableKey) -> Bool {
            areEqual(left.key, right.key)
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(bytes: bytes(of: key))
        }
    }

    private static func areEqual(_ left: pipes_value, _ right: pipes_value) -> Bool {
        left.size == right.size && bytes(of: left).elementsEqual(bytes(of: right))
    }

    /// Of a key, which the reader made.
    private static func bytes(of key: pipes_value) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: key.text, count: Int(key.size))
    }
}
