import Testing

@testable import Settings

@Suite struct `Writing durations` {
    @Test(arguments: [
        ("0s", Duration.zero), ("1ms", .milliseconds(1)), ("100ms", .milliseconds(100)),
        ("1500ms", .milliseconds(1_500)), ("5s", .seconds(5)), ("90s", .seconds(90)),
        ("5m", .seconds(300)), ("24h", .seconds(86_400)), ("30d", .seconds(2_592_000)),
        ("0005s", .seconds(5)), ("100000d", .seconds(8_640_000_000)),
    ])
    func `reads a number with a unit`(text: String, duration: Duration) {
        #expect(DurationText.duration(of: text) == duration)
    }

    @Test(arguments: [
        "", "5", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5s", "5w", "5S", "1h30m", "٥s",
        "100001d", "99999999999999999999s", "9223372036854775807d",
    ])
    func `refuses everything else`(text: String) {
        #expect(DurationText.duration(of: text) == nil)
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.milliseconds(100), "100ms"), (.milliseconds(1_500), "1500ms"),
        (.seconds(90), "90s"), (.seconds(120), "2m"), (.seconds(7_200), "2h"),
        (.seconds(86_400), "1d"),
    ])
    func `writes the largest unit that fits`(duration: Duration, text: String) {
        #expect(DurationText.text(of: duration) == text)
        #expect(DurationText.duration(of: text) == duration)
    }
}
