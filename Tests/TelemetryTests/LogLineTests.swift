import Foundation
import Logging
import Telemetry
import Testing
import Tracing

@Suite struct `Writing a log line` {
    @Test func `says when, who, where and what, in this order`() throws {
        let probe = LogProbe()
        probe.logger.info("Order placed", metadata: ["module": "order", "order.id": "o-1"])
        #expect(
            probe.sink.lines == [
                #"{"timestamp":"2023-11-14T22:13:20.123Z","level":"info","#
                    + #""serviceName":"flotilla","version":"1.2.3","env":"production","#
                    + #""module":"order","message":"Order placed","order.id":"o-1"}"#
            ])
    }

    @Test func `takes ids from the context it runs in`() throws {
        let probe = LogProbe()
        var context = InstrumentationContext.topLevel
        context.correlationID = "c-1"
        context.userID = "u-1"
        context.module = "order"
        let trace = TraceContext.root()
        context.traceContext = trace
        InstrumentationContext.withValue(context) { probe.logger.info("Placed") }
        let line = try probe.onlyLine()
        #expect(line["correlationId"] as? String == "c-1")
        #expect(line["userId"] as? String == "u-1")
        #expect(line["module"] as? String == "order")
        #expect(line["trace_id"] as? String == trace.traceID)
        #expect(line["span_id"] as? String == trace.spanID)
        #expect(line["trace_flags"] as? String == "01")
    }

    @Test func `leaves ids out when there are none`() throws {
        let probe = LogProbe()
        probe.logger.info("Alone")
        let line = try probe.onlyLine()
        for key in ["correlationId", "userId", "trace_id", "span_id", "trace_flags"] {
            #expect(line[key] == nil)
        }
        #expect(line["module"] as? String == "TelemetryTests")
    }

    @Test func `prefers the call's metadata to the logger's, the provider's and the context's`()
        throws
    {
        let provider = Logger.MetadataProvider { ["module": "c", "x": "c", "y": "c", "z": "c"] }
        let probe = LogProbe(provider: provider)
        var logger = probe.logger
        logger[metadataKey: "module"] = "b"
        logger[metadataKey: "x"] = "b"
        logger[metadataKey: "y"] = "b"
        var context = InstrumentationContext.topLevel
        context.module = "d"
        context.correlationID = "d"
        InstrumentationContext.withValue(context) {
            logger.info("Merged", metadata: ["x": "a", "correlationId": "a"])
        }
        let line = try probe.onlyLine()
        #expect(line["module"] as? String == "b")
        #expect(line["correlationId"] as? String == "a")
        #expect(line["x"] as? String == "a")
        #expect(line["y"] as? String == "b")
        #expect(line["z"] as? String == "c")
    }

    @Test(arguments: ["timestamp", "level", "serviceName", "message", "version", "env"])
    func `keeps reserved keys for itself`(key: String) throws {
        let probe = LogProbe()
        probe.logger.info("Real", metadata: ["\(key)": "forged", "metadata.\(key)": "other"])
        let text = probe.sink.lines[0]
        let line = try probe.onlyLine()
        #expect(line[key] as? String != "forged")
        #expect(text.components(separatedBy: "\"\(key)\":").count == 2)
        #expect(text.components(separatedBy: "\"metadata.\(key)\":").count == 2)
    }

    @Test func `adds the error's type and text`() throws {
        let probe = LogProbe()
        probe.logger.error("Failed", error: Failure(text: "no row for ada@example.org"))
        let line = try probe.onlyLine()
        let type = try #require(line["error.type"] as? String)
        #expect(type.hasSuffix("Failure"))
        let text = try #require(line["error.message"] as? String)
        #expect(text.contains("no row for [redacted]"))
    }

    @Test func `keeps numbers, booleans, lists and objects as such`() throws {
        let probe = LogProbe()
        probe.logger.info(
            "Shapes",
            metadata: [
                "count": .stringConvertible(3), "ratio": .stringConvertible(0.5),
                "done": .stringConvertible(true), "nan": .stringConvertible(Double.nan),
                "list": ["a", "b"], "object": ["outer": ["inner": "v"]],
            ])
        let line = try probe.onlyLine()
        #expect(line["count"] as? Int == 3)
        #expect(line["ratio"] as? Double == 0.5)
        #expect(line["done"] as? Bool == true)
        #expect(line["nan"] as? String == "nan")
        #expect(line["list"] as? [String] == ["a", "b"])
        #expect((line["object"] as? [String: [String: String]])?["outer"] == ["inner": "v"])
    }

    @Test func `writes nothing below the level of the settings`() {
        let probe = LogProbe { $0.logLevel = .warning }
        probe.logger.notice("Quiet")
        #expect(probe.sink.lines.isEmpty)
        probe.logger.warning("Loud")
        #expect(probe.sink.lines.count == 1)
    }

    @Test func `counts lines by level and module`() async {
        let probe = LogProbe()
        for _ in 0..<3 { probe.logger.error("Failed", metadata: ["module": "order"]) }
        probe.logger.debug("Not written", metadata: ["module": "order"])
        let text = await probe.registry.render()
        #expect(text.contains("log_messages_total{level=\"error\",module=\"order\"} 3\n"))
        #expect(!text.contains("debug"))
    }

    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (951_782_400, "2000-02-29T00:00:00.000Z"),
        (1_709_251_199.999, "2024-02-29T23:59:59.999Z"),
        (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.000Z"),
    ])
    func `stamps UTC with milliseconds`(seconds: Double, expected: String) throws {
        let sink = InMemorySink()
        let settings = TelemetrySettings(serviceName: "s", version: "v", environment: "e")
        let output = LogOutput(
            settings: settings, sink: sink, registry: nil,
            now: { Date(timeIntervalSince1970: seconds) })
        Logger(label: "t") { _ in FlotillaLogHandler(output: output) }.info("Now")
        #expect(try LogProbe.parse(sink.lines[0])["timestamp"] as? String == expected)
    }
}

private struct Failure: Error {
    let text: String
}
