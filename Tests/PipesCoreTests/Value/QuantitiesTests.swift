import PipesCore
import Testing

@Suite("DurationText and SizeText")
struct QuantitiesTests {
    @Test(
        "durations are read",
        arguments: [
            ("10ms", .milliseconds(10)), ("1.5s", .milliseconds(1500)), ("2m", .seconds(120)),
            ("1h", .seconds(3600)), ("0s", .zero), ("7ns", .nanoseconds(7)),
            ("0.25us", .nanoseconds(250)), ("1.123456789s", .nanoseconds(1_123_456_789)),
            ("0.5h", .seconds(1800)), ("0.99999999999999999999999s", .nanoseconds(999_999_999)),
            ("2562047h", .seconds(2_562_047 * 3600)),
        ] as [(String, Duration)])
    func durations(text: String, duration: Duration) {
        #expect(DurationText.parse(text) == duration)
    }

    @Test(
        "what is no duration is refused",
        arguments: [
            "", "10", "ms", "-1s", "+1s", "1 s", "1.s", ".5s", "1d", "1S", "1sec", "1e3s", "0x1s",
            "2562048h", "99999999999999999999s", "１s", "1s ", "18446744073709551615s",
        ])
    func noDurations(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(
        "sizes are read",
        arguments: [
            ("16MiB", 16 << 20), ("4KiB", 4096), ("1MB", 1_000_000), ("512", 512), ("512B", 512),
            ("1.5KiB", 1536), ("2GiB", 2 << 30), ("3GB", 3_000_000_000), ("1kB", 1000), ("0", 0),
            ("9223372036854775807", Int.max),
        ])
    func sizes(text: String, size: Int) {
        #expect(SizeText.parse(text) == size)
    }

    @Test(
        "what is no size is refused",
        arguments: [
            "", "MiB", "-1", "1 MiB", "1mib", "1TiB", "9223372036854775808", "99999999999GiB",
        ])
    func noSizes(text: String) {
        #expect(SizeText.parse(text) == nil)
    }
}
