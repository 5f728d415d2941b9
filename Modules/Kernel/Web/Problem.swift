public import HTTPTypes

/// An error answer: RFC 9457 problem details with a permanent machine code.
public struct Problem: Error, Sendable {
    /// The status of the answer, and its `status` member.
    public let status: HTTPResponse.Status
    /// Permanent: clients switch over it.
    public let code: String
    /// For people; never SQL, stack traces, secrets or addresses.
    public let detail: String
    /// What is wrong with the body, by JSON pointer.
    public let errors: [FieldError]
    /// Headers that the status asks for: `Allow`, `Retry-After`, `WWW-Authenticate`.
    public let headers: HTTPFields
    /// Further members of the body (RFC 9457, section 3.2), for programs to act on.
    public let extensions: [String: String]

    /// One thing that is wrong with a body.
    public struct FieldError: Sendable, Hashable, Codable {
        /// RFC 6901: `/items/0/quantity`.
        public let pointer: String
        /// What is wrong there, for people.
        public let detail: String

        /// Puts the two together.
        public init(pointer: String, detail: String) {
            self.pointer = pointer
            self.detail = detail
        }
    }

    /// Puts a problem together.
    public init(
        status: HTTPResponse.Status, code: String, detail: String, errors: [FieldError] = [],
        headers: HTTPFields = [:], extensions: [String: String] = [:]
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.extensions = extensions
    }

    /// 400: the request can't be understood.
    public static func badRequest(_ detail: String) -> Problem {
        Problem(status: .badRequest, code: "request.malformed", detail: detail)
    }

    /// 401: who are you? The detail never says which check failed on a token.
    public static func unauthorized(_ detail: String) -> Problem {
        Problem(
            status: .unauthorized, code: "auth.unauthorized", detail: detail,
            headers: [.wwwAuthenticate: "Bearer"])
    }

    /// 403: known, but not allowed.
    public static func forbidden(permission: String) -> Problem {
        Problem(
            status: .forbidden, code: "auth.forbidden",
            detail: "this needs the permission \(permission)")
    }

    /// 403: what is asked for is a person's, and a service asks.
    static let userRequired = Problem(
        status: .forbidden, code: "auth.user_required",
        detail: "this is a person's own; a service has no account")

    /// 404: there is no such thing, or it is somebody else's.
    public static func notFound(
        code: String = "resource.not_found", _ detail: String = "there is no such resource"
    ) -> Problem {
        Problem(status: .notFound, code: code, detail: detail)
    }

    /// 412: it was changed since the client read it.
    public static let versionMismatch = Problem(
        status: .preconditionFailed, code: "request.precondition_failed",
        detail: "this was changed meanwhile: read it again")

    /// 428: whoever changes this must say which version they saw (RFC 6585, section 3).
    public static let versionRequired = Problem(
        status: .preconditionRequired, code: "request.precondition_required",
        detail: "say in If-Match which version the change is for: the ETag that it was read with")

    /// 422: understood, but wrong.
    public static func invalid(_ errors: [FieldError]) -> Problem {
        Problem(
            status: .unprocessableContent, code: "request.invalid",
            detail: errors.count == 1 ? "one field is wrong" : "\(errors.count) fields are wrong",
            errors: errors)
    }

    /// 503 with the time after which a try makes sense.
    public static func unavailable(_ detail: String, retryAfterSeconds: Int) -> Problem {
        Problem(
            status: .serviceUnavailable, code: "service.unavailable", detail: detail,
            headers: [.retryAfter: "\(retryAfterSeconds)"])
    }
}

/// A module's closed set of refusals: what a caller did that can't be, as an error to throw.
public protocol Refusal: Error {
    /// The permanent code, the status that it maps to, and a sentence for people.
    var answer: (code: String, status: HTTPResponse.Status, detail: String) { get }
}
