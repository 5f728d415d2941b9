import Logging
import Telemetry
import Testing

@Suite struct `Writing for a terminal` {
    @Test func `puts time, level, module and message first, then the fields`() {
        let probe = LogProbe(environment: "development", format: .pretty)
        probe.logger.warning(
            "Payment refused",
            metadata: [
                "module": "payment", "correlationId": "c-1", "order.id": "o-1",
                "reason": "card expired", "attempt": .stringConvertible(2), "empty": "",
                "codes": ["a", "b"],
            ])
        #expect(
            probe.sink.lines == [
                "2023-11-14T22:13:20.123Z \u{1b}[33mWARNING\u{1b}[0m  [payment] Payment refused"
                    + " correlationId=c-1 attempt=2 codes=[\"a\",\"b\"] empty=\"\" order.id=o-1"
                    + " reason=\"card expired\""
            ])
    }

    @Test func `keeps redacting what nobody marked as readable`() {
        let probe = LogProbe(environment: "development", format: .pretty)
        probe.logger.info(
            "Sent to ada@example.org",
            metadata: ["email": "visible", "note": "bob@example.org", "token": "visible"])
        let line = probe.sink.lines[0]
        #expect(!line.contains("visible"))
        #expect(!line.contains("example.org"))
    }

    @Test func `is chosen by a setting with a stable spelling`() {
        #expect(LogFormat(rawValue: "json") == .json)
        #expect(LogFormat(rawValue: "pretty") == .pretty)
        #expect(LogFormat(rawValue: "xml") == nil)
    }
}
