import Testing

/// Checks that an answer is problem details, the whole of it.
func expectProblem(
    _ answer: Answer, _ status: Int, _ code: String, detail: String? = nil,
    pointers: [String]? = nil, sourceLocation: SourceLocation = #_sourceLocation
) {
    let body = answer.json
    let path = String(answer.path.prefix { $0 != "?" })
    var expected: [String: JSON] = [
        "type": .string("urn:flotilla:problem:\(code)"),
        "title": .string(titles[status] ?? "unknown"),
        "status": .number(Double(status)), "instance": .string(path), "code": .string(code),
    ]
    if let detail { expected["detail"] = .string(detail) }
    for (name, value) in expected {
        #expect(body[name] == value, "\(name) of \(answer)", sourceLocation: sourceLocation)
    }
    #expect(answer.status == status, "\(answer)", sourceLocation: sourceLocation)
    #expect(
        body["detail"].string?.isEmpty == false, "\(answer)", sourceLocation: sourceLocation)
    #expect(
        answer.headers["content-type"] == "application/problem+json", "\(answer)",
        sourceLocation: sourceLocation)
    #expect(
        body["requestId"].string == answer.headers["x-request-id"]
            && body["requestId"].string?.isEmpty == false,
        "\(answer)", sourceLocation: sourceLocation)
    if let pointers {
        #expect(
            body["errors"].array.compactMap { $0["pointer"].string } == pointers, "\(answer)",
            sourceLocation: sourceLocation)
        #expect(
            body["errors"].array.allSatisfy { $0["detail"].string?.isEmpty == false },
            "\(answer)", sourceLocation: sourceLocation)
    }
    let known: Set<String> = [
        "type", "title", "status", "detail", "instance", "code", "requestId", "traceId",
        "errors",
    ]
    #expect(
        body.keys.subtracting(known).isEmpty, "\(answer)", sourceLocation: sourceLocation)
}

/// RFC 9110, section 15.
private let titles = [
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict",
    413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Content",
    503: "Service Unavailable",
]
