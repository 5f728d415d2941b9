public import HTTPTypes

extension HTTPField.Name {
    /// The client's or our own name for a request.
    public static let requestID = headerName("X-Request-Id")
    /// Makes a creating request safe to repeat.
    public static let idempotencyKey = headerName("Idempotency-Key")
    /// Says that an answer is a repetition.
    public static let idempotentReplayed = headerName("Idempotent-Replayed")
    /// The client, and the proxies on its way here.
    package static let forwardedFor = headerName("X-Forwarded-For")
    package static let traceparent = headerName("traceparent")
    static let acceptPatch = headerName("Accept-Patch")
    static let referrerPolicy = headerName("Referrer-Policy")

    package static func headerName(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is a token") }
        return name
    }
}
