import HTTPTypes
import NIOHTTP1
import Telemetry
import Web

/// The header fields of a message on its way through the gateway.
enum ForwardedFields {
    /// RFC 9110, section 7.6.1, and what older programs use alike. They are about one connection.
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade", "proxy-authenticate", "proxy-authorization",
    ]
    /// What the gateway says itself, and must not be said before it.
    private static let own: Set<String> = [
        "host", "content-length", "x-request-id", "traceparent", "tracestate", "forwarded",
        "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip",
        // The body is asked for once the upstream is reached.
        "expect",
    ]
    private static let via = "1.1 flotilla-gateway"

    /// What an upstream is told. Its host, the length of the body and the trace are added by those
    /// who know them.
    static func upstream(_ request: PassedRequest) -> HTTPHeaders {
        let fields = request.head.headerFields
        var headers = endToEnd(fields, without: own)
        headers.add(name: "Via", value: via)
        headers.add(name: "X-Request-Id", value: request.requestID)
        let peer = request.peerAddress ?? "unknown"
        let before = request.isPeerTrusted ? fields[values: .forwardedFor] : []
        headers.add(name: "X-Forwarded-For", value: (before + [peer]).joined(separator: ", "))
        for (name, own) in [
            ("X-Forwarded-Proto", "http"), ("X-Forwarded-Host", request.head.authority),
        ] {
            let told = request.isPeerTrusted ? value(name, of: fields) : nil
            if let value = told ?? own { headers.add(name: name, value: value) }
        }
        // W3C Trace Context: the state belongs to a parent, and goes with it.
        if value("traceparent", of: fields).flatMap({ TraceContext(traceparent: $0) }) != nil,
            let state = value("tracestate", of: fields)
        {
            headers.add(name: "tracestate", value: state)
        }
        return headers
    }

    /// What a client is told of an upstream's answer.
    static func client(_ headers: HTTPHeaders) -> HTTPFields {
        let named = connectionOptions(headers["Connection"])
        var fields = HTTPFields()
        for (name, value) in headers {
            let lowercased = name.lowercased()
            guard !hopByHop.contains(lowercased), !named.contains(lowercased),
                let name = HTTPField.Name(name)
            else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        fields.append(HTTPField(name: .via, value: via))
        return fields
    }

    private static func endToEnd(_ fields: HTTPFields, without own: Set<String>) -> HTTPHeaders {
        let named = connectionOptions(fields[values: .connection])
        var headers = HTTPHeaders()
        for field in fields {
            let name = field.name.canonicalName
            if !hopByHop.contains(name), !own.contains(name), !named.contains(name) {
                headers.add(name: field.name.rawName, value: field.value)
            }
        }
        return headers
    }

    private static func connectionOptions(_ values: [String]) -> Set<String> {
        Set(
            values.flatMap { $0.split(separator: ",") }
                .map { $0.filter { !$0.isWhitespace }.lowercased() })
    }

    private static func value(_ name: String, of fields: HTTPFields) -> String? {
        HTTPField.Name(name).flatMap { fields[$0] }
    }
}
