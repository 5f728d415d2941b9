import Telemetry
import Testing
import Tracing

private let traceID = "0af7651916cd43dd8448eb211c80319c"
private let spanID = "b7ad6b7169203331"

@Suite struct `Reading a traceparent header` {
    @Test(arguments: [
        ("00-\(traceID)-\(spanID)-01", true),
        ("00-\(traceID)-\(spanID)-00", false),
        ("00-\(traceID)-\(spanID)-02", false),
        ("00-\(traceID)-\(spanID)-ff", true),
        ("01-\(traceID)-\(spanID)-01", true),
        ("cc-\(traceID)-\(spanID)-01-what-the-future-will-be", true),
        ("fe-\(traceID)-\(spanID)-00-", false),
    ])
    func `accepts well-formed values of known and later versions`(
        header: String, isSampled: Bool
    ) {
        let expected = TraceContext(traceID: traceID, spanID: spanID, isSampled: isSampled)
        #expect(TraceContext(traceparent: header) == expected)
    }

    @Test(arguments: [
        "",
        "00",
        "ff-\(traceID)-\(spanID)-01",
        "00-\(traceID)-\(spanID)-01-extra",
        "00-\(traceID)-\(spanID)-01-",
        "00-\(traceID)-\(spanID)-1",
        "00-\(traceID)-\(spanID)-0x",
        "00-\(traceID)-\(spanID)",
        "0g-\(traceID)-\(spanID)-01",
        "cc-\(traceID)-\(spanID)-01.what",
        "00-\(traceID.uppercased())-\(spanID)-01",
        "00-\(traceID)-\(spanID.uppercased())-01",
        "00-00000000000000000000000000000000-\(spanID)-01",
        "00-\(traceID)-0000000000000000-01",
        "00-\(traceID.dropLast())-\(spanID)-001",
        "00_\(traceID)_\(spanID)_01",
        " 00-\(traceID)-\(spanID)-01",
        "00-\(traceID)-\(spanID)-01 ",
        "00-\(traceID.dropLast(2))é-\(spanID)-01",
    ])
    func `refuses anything else`(header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }
}

@Suite struct `Making a trace context` {
    @Test func `starts a sampled trace with fresh ids`() {
        let first = TraceContext.root()
        let second = TraceContext.root()
        #expect(first.isSampled)
        #expect(first.traceID != second.traceID)
        #expect(TraceContext(traceparent: first.traceparent) == first)
    }

    @Test(arguments: [true, false])
    func `keeps trace and sampling in a child`(isSampled: Bool) {
        let parent = TraceContext(traceID: traceID, spanID: spanID, isSampled: isSampled)
        let child = parent.child()
        #expect(child.traceID == traceID)
        #expect(child.spanID != spanID)
        #expect(child.isSampled == isSampled)
        #expect(TraceContext(traceparent: child.traceparent) == child)
    }

    @Test func `stops the program on ids that are not ids`() async {
        await #expect(processExitsWith: .failure) {
            _ = TraceContext(traceID: "abc", spanID: "def", isSampled: true)
        }
    }
}

@Suite struct `The fields of a context` {
    @Test func `are independent of each other`() {
        var context = InstrumentationContext.topLevel
        context.correlationID = "a"
        context.causationID = "b"
        context.requestID = "c"
        context.module = "d"
        context.userID = "e"
        context.consumer = "f"
        context.traceContext = TraceContext(traceID: traceID, spanID: spanID, isSampled: true)
        let texts = [
            context.correlationID, context.causationID, context.requestID, context.module,
            context.userID, context.consumer,
        ]
        #expect(texts == ["a", "b", "c", "d", "e", "f"])
        #expect(context.traceContext?.spanID == spanID)
        context.userID = nil
        #expect(context.userID == nil)
        #expect(context.correlationID == "a")
    }
}
