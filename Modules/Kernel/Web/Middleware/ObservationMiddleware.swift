import Events
import Foundation
import Hummingbird
import Instrumentation
import Logging
import Metrics
import Telemetry
import Tracing

/// The outermost layer: request id, trace, metrics and the access log, for every answer alike.
struct ObservationMiddleware: RouterMiddleware {
    let timeout: Duration
    let trustedProxies: TrustedProxies
    private let metrics = RequestMetrics()
    /// Found once, after tracing is set up: finding it is a dynamic cast, a sixth of what this
    /// middleware costs.
    private let tracer = InstrumentationSystem.tracer
    private let logger = Logger(label: "flotilla.http")

    init(timeout: Duration, trustedProxies: TrustedProxies) {
        self.timeout = timeout
        self.trustedProxies = trustedProxies
    }

    func handle(
        _ request: Request, context: WebContext,
        next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var context = context
        context.requestID = Self.requestID(of: request)
        context.deadline = start + timeout
        context.clientAddress = trustedProxies.client(
            peer: context.peerAddress, forwardedFor: request.headers[values: .forwardedFor])
        let span = startSpan(for: request, requestID: context.requestID)
        let method = KnownMethod.label(of: request.method)
        let active = metrics.active(method: method)
        active.increment(by: 1)
        defer { active.decrement(by: 1) }
        return try await InstrumentationContext.withValue(span.context) {
            var response = try await next(request, context)
            response.headers[.requestID] = context.requestID
            let route = context.notes.route ?? context.coreContext.endpointPath.value
            let duration = ContinuousClock.now - start
            metrics.record(method: method, route: route, status: response.status, duration)
            finish(span, method: method, route: route, status: response.status)
            var logContext = span.context
            if let user = context.notes.userID { logContext.userID = user }
            InstrumentationContext.withValue(logContext) {
                log(response, to: request, route: route, duration: duration, context: context)
            }
            return response
        }
    }

    /// The client's `X-Request-Id` when it is 1 to 128 characters of `[A-Za-z0-9._-]`, else a new
    /// one: it goes into logs and headers, so nothing else is let through.
    static func requestID(of request: Request) -> String {
        if let id = request.headers[.requestID], (1...128).contains(id.utf8.count),
            id.utf8.allSatisfy(isAllowedInRequestID)
        {
            return id
        }
        // Not by Foundation, which opens /dev/urandom for each of its own.
        return UUID.v7().lowercasedText
    }

    private static func isAllowedInRequestID(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private func startSpan(for request: Request, requestID: String) -> any Span {
        var work = WorkContext()
        work.requestID = requestID
        work.correlationID = requestID
        work.traceContext =
            request.headers[.traceparent].flatMap { TraceContext(traceparent: $0) }
        let span = tracer.startSpan("HTTP", context: .of(work), ofKind: .server)
        guard span.isRecording else { return span }
        span.attributes["http.request.method"] = KnownMethod.label(of: request.method)
        span.attributes["url.scheme"] = "http"
        span.attributes["url.path"] = request.uri.path
        return span
    }

    private func finish(
        _ span: any Span, method: String, route: String?, status: HTTPResponse.Status
    ) {
        defer { span.end() }
        guard span.isRecording else { return }
        let name = method == KnownMethod.other ? "HTTP" : method
        span.operationName = route.map { "\(name) \($0)" } ?? name
        span.attributes["http.response.status_code"] = status.code
        if let route { span.attributes["http.route"] = route }
        if status.code >= 500 { span.setStatus(.init(code: .error)) }
    }

    private func log(
        _ response: Response, to request: Request, route: String?, duration: Duration,
        context: WebContext
    ) {
        let isProbe = route.map { $0 == "/metrics" || $0.hasPrefix("/health") } ?? false
        logger.log(
            level: isProbe ? .debug : .info, "request",
            metadata: [
                "module": "web",
                "http.request.method": "\(KnownMethod.label(of: request.method))",
                "http.route": "\(route ?? "")",
                "http.response.status_code": "\(response.status.code)",
                "http.response.body.size": "\(response.body.contentLength ?? 0)",
                "duration_ms": "\(duration.milliseconds)",
                "client.address": "\(ClientAddress.truncated(context.clientAddress))",
            ])
    }
}

/// Methods that metrics may name; anything else is one label, so that clients can't make series.
package enum KnownMethod {
    static let other = "_OTHER"
    private static let known: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
    ]

    static func label(of method: HTTPRequest.Method) -> String { label(of: method.rawValue) }

    package static func label(of method: String) -> String {
        known.contains(method) ? method : other
    }
}

private struct RequestMetrics: Sendable {
    private struct Answer: Hashable {
        let method: String
        let route: String?
        let status: Int
    }

    private let meters = MetricsByKey<String, Meter>()
    private let timers = MetricsByKey<Answer, Metrics.Timer>()

    func active(method: String) -> Meter {
        meters.metric(method) {
            Meter(
                label: "http.server.active_requests",
                dimensions: [("http.request.method", method), ("url.scheme", "http")])
        }
    }

    func record(
        method: String, route: String?, status: HTTPResponse.Status, _ duration: Duration
    ) {
        timers.metric(Answer(method: method, route: route, status: status.code)) {
            Metrics.Timer(
                label: "http.server.request.duration",
                dimensions: [
                    ("http.request.method", method), ("http.route", route ?? ""),
                    ("http.response.status_code", "\(status.code)"), ("url.scheme", "http"),
                ])
        }.recordNanoseconds(Int64(duration / .nanoseconds(1)))
    }
}

extension Duration {
    /// Milliseconds with three decimals.
    fileprivate var milliseconds: Double { (self / .microseconds(1)).rounded() / 1_000 }
}
