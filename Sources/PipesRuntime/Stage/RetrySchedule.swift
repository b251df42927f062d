import PipesCore

extension NodeProperties.Retry {
    /// How long to wait before a row is tried again: doubled each time, up to the longest.
    /// - Parameters:
    ///   - attempt: the number of the one that failed, from 1.
    ///   - jitter: the part of the pause that is waited, from 0 to 1.
    func pause(before attempt: Int, jitter: Double) -> Duration {
        var pause = min(shortestPause, longestPause)
        var doublings = 1
        // Not by a power of two, which no number of attempts could overflow then.
        while doublings < attempt, pause < longestPause, pause > Duration.zero {
            pause = pause > longestPause / 2 ? longestPause : pause * 2
            doublings += 1
        }
        // Times far from any clock's are rounded.
        return min(pause * jitter, longestPause)
    }
}
