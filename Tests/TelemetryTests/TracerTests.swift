import Logging
import Telemetry
import Testing
import Tracing

@Suite struct `Tracing a span` {
    let exporter = InMemorySpanExporter()
    var tracer: FlotillaTracer { FlotillaTracer(exporter: exporter) }

    @Test func `continues the span around it`() throws {
        tracer.withSpan("outer") { outer in
            #expect(InstrumentationContext.current?.traceContext == outer.context.traceContext)
            tracer.withSpan("inner", ofKind: .client) { _ in }
        }
        let inner = try #require(exporter.spans.first)
        let outer = try #require(exporter.spans.last)
        #expect(exporter.spans.map(\.operationName) == ["inner", "outer"])
        #expect(inner.traceContext.traceID == outer.traceContext.traceID)
        #expect(inner.parentSpanID == outer.traceContext.spanID)
        #expect(outer.parentSpanID == nil)
        #expect(inner.kind == .client)
        #expect(inner.endNanoseconds >= inner.startNanoseconds)
    }

    @Test func `keeps name, attributes, events, links and status until its end only`() throws {
        let other = TraceContext.root()
        var linked = InstrumentationContext.topLevel
        linked.traceContext = other
        let span = tracer.startSpan("first name", context: .topLevel)
        span.operationName = "GET /v1/orders"
        span.attributes["http.route"] = "/v1/orders"
        span.addEvent("cache missed")
        span.addLink(SpanLink(context: linked, attributes: [:]))
        span.setStatus(SpanStatus(code: .ok))
        span.end()
        span.operationName = "late"
        span.addEvent("late")
        span.setStatus(SpanStatus(code: .error))
        span.end()
        let finished = try #require(exporter.spans.first)
        #expect(exporter.spans.count == 1)
        #expect(!span.isRecording)
        #expect(finished.operationName == "GET /v1/orders")
        #expect(finished.attributes["http.route"]?.toSpanAttribute() == .string("/v1/orders"))
        #expect(finished.events.map(\.name) == ["cache missed"])
        #expect(finished.links.map { $0.context.traceContext } == [other])
        #expect(finished.status == SpanStatus(code: .ok))
    }

    @Test func `records a thrown error by its type, not by its text`() throws {
        #expect(throws: Leak.self) {
            try tracer.withSpan("failing") { _ in throw Leak(text: "ada@example.org") }
        }
        let finished = try #require(exporter.spans.first)
        #expect(finished.status?.code == .error)
        #expect(finished.events.map(\.name) == ["exception"])
        #expect(!"\(finished)".contains("ada@example.org"))
    }

    @Test func `exports nothing when the caller did not sample`() {
        var context = InstrumentationContext.topLevel
        context.traceContext = TraceContext(
            traceID: "0af7651916cd43dd8448eb211c80319c", spanID: "b7ad6b7169203331",
            isSampled: false)
        tracer.withSpan("quiet", context: context) { span in
            #expect(span.context.traceContext?.isSampled == false)
        }
        #expect(exporter.spans.isEmpty)
    }

    @Test func `bounds events and links`() throws {
        let span = tracer.startSpan("busy", context: .topLevel)
        for _ in 0..<1_000 {
            span.addEvent("again")
            span.addLink(SpanLink(context: .topLevel, attributes: [:]))
        }
        span.end()
        let finished = try #require(exporter.spans.first)
        #expect(finished.events.count == 128)
        #expect(finished.links.count == 128)
    }
}

@Suite struct `Carrying a trace between processes` {
    let tracer = FlotillaTracer()

    @Test func `writes what it reads`() {
        var sent = InstrumentationContext.topLevel
        sent.traceContext = .root()
        var headers: [String: String] = [:]
        tracer.inject(sent, into: &headers, using: Headers())
        #expect(headers == ["traceparent": sent.traceContext?.traceparent])
        var received = InstrumentationContext.topLevel
        tracer.extract(headers, into: &received, using: Headers())
        #expect(received.traceContext == sent.traceContext)
    }

    @Test func `writes nothing outside a span`() {
        var headers: [String: String] = [:]
        tracer.inject(.topLevel, into: &headers, using: Headers())
        #expect(headers.isEmpty)
    }

    @Test(arguments: [[:], ["traceparent": "garbage"]])
    func `reads nothing from a missing or malformed header`(headers: [String: String]) {
        var context = InstrumentationContext.topLevel
        tracer.extract(headers, into: &context, using: Headers())
        #expect(context.traceContext == nil)
    }
}

@Suite struct `Logging finished spans` {
    @Test func `writes one line at trace level with the span's own ids`() throws {
        let probe = LogProbe { $0.logLevel = .trace }
        let tracer = FlotillaTracer(exporter: LoggingSpanExporter(logger: probe.logger))
        let span = tracer.startSpan("process order.events", context: .topLevel, ofKind: .consumer)
        span.attributes["event.type"] = "OrderPaidEventV1"
        span.attributes["attempt"] = 3
        span.attributes["user.email"] = "ada@example.org"
        span.end()
        let line = try probe.onlyLine()
        #expect(line["level"] as? String == "trace")
        #expect(line["span_id"] as? String == span.context.traceContext?.spanID)
        #expect(line["span.name"] as? String == "process order.events")
        #expect(line["event.type"] as? String == "OrderPaidEventV1")
        #expect(line["attempt"] as? Int == 3)
        #expect(line["user.email"] as? String == "[redacted]")
        #expect(line["duration_ms"] is Double)
    }
}

private struct Leak: Error {
    let text: String
}

private struct Headers: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
        carrier[key] = value
    }

    func extract(key: String, from carrier: [String: String]) -> String? {
        carrier[key]
    }
}
