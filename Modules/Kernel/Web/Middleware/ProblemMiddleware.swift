import Events
import Foundation
import Hummingbird
import Instrumentation
import Logging
import Storage
import Telemetry

/// Owns every error answer: whatever is thrown inside becomes problem details, and nothing else.
struct ProblemMiddleware: RouterMiddleware {
    let routes: RouteTable
    private let logger = Logger(label: "flotilla.http")

    init(routes: RouteTable) { self.routes = routes }

    func handle(
        _ request: Request, context: WebContext,
        next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
            guard !context.notes.isPassedOn else { return response }
        } catch {
            let problem = problem(for: error, request: request)
            if problem.status.code >= 500 {
                logger.error(
                    "request failed", error: error,
                    metadata: [
                        "module": "web",
                        "http.route": "\(context.notes.route ?? context.endpointPath ?? "")",
                        "problem.code": "\(problem.code)",
                    ])
            }
            response = answer(problem, to: request, context: context)
            if await !isAtEnd(request, after: error, context: context) {
                response.closeConnection()
            }
        }
        if request.method == .head { response = response.createHeadResponse() }
        return response
    }

    /// Whether the next request can follow on the connection. A body that nobody asked for is read
    /// away if it is small and comes in time, so that a refusal costs a client no connection.
    private func isAtEnd(
        _ request: Request, after error: any Error, context: WebContext
    ) async -> Bool {
        if error is BodyNotRead || error is UnreadBody { return false }
        guard !context.notes.isBodyRead else { return true }
        return await BodyReader.drain(request, until: context.deadline)
    }

    private func problem(for error: any Error, request: Request) -> Problem {
        switch error {
        case let problem as Problem:
            return problem
        case let error as BodyNotRead:
            return error.problem
        case let error as UnreadBody:
            return error.problem
        case let refusal as any Refusal:
            let answer = refusal.answer
            return Problem(status: answer.status, code: answer.code, detail: answer.detail)
        case let error as StorageError where error.isTransient:
            return .unavailable("the storage is busy or away", retryAfterSeconds: 1)
        case let error as HTTPError where error.status == .notFound:
            return unmatched(request)
        case let error as HTTPError where error.status.code < 500:
            return Problem(
                status: error.status, code: "request.refused",
                detail: error.status.reasonPhrase)
        default:
            return Problem(
                status: .internalServerError, code: "internal.error",
                detail: "something went wrong on our side; the request id names it in our logs")
        }
    }

    /// No route matched: either nothing is there, or something is, under other methods.
    private func unmatched(_ request: Request) -> Problem {
        let methods = routes.methods(at: request.uri.path)
        guard !methods.isEmpty else { return .notFound() }
        let allow = methods.sorted().joined(separator: ", ")
        return Problem(
            status: .methodNotAllowed, code: "request.method_not_allowed",
            detail: "this resource answers to \(allow)", headers: [.allow: allow])
    }

    private func answer(_ problem: Problem, to request: Request, context: WebContext) -> Response {
        let body = ProblemBody(
            type: "urn:flotilla:problem:\(problem.code)", title: problem.status.reasonPhrase,
            status: problem.status.code, detail: problem.detail, instance: request.uri.path,
            code: problem.code, requestId: context.requestID,
            traceId: InstrumentationContext.current?.traceContext?.traceID,
            errors: problem.errors.isEmpty ? nil : problem.errors,
            extensions: problem.extensions)
        var headers = problem.headers
        headers[.contentType] = "application/problem+json"
        let data = (try? FlotillaJSON.encode(body)) ?? Data("{}".utf8)
        return Response(
            status: problem.status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
}

private struct ProblemBody: Encodable {
    let type: String
    let title: String
    let status: Int
    let detail: String
    let instance: String
    let code: String
    let requestId: String
    let traceId: String?
    let errors: [Problem.FieldError]?
    let extensions: [String: String]

    /// The extensions are members like the others, and none takes another's place.
    func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Member.self)
        for (name, value) in extensions {
            try members.encode(value, forKey: Member(stringValue: name))
        }
        try members.encode(type, forKey: "type")
        try members.encode(title, forKey: "title")
        try members.encode(status, forKey: "status")
        try members.encode(detail, forKey: "detail")
        try members.encode(instance, forKey: "instance")
        try members.encode(code, forKey: "code")
        try members.encode(requestId, forKey: "requestId")
        try members.encodeIfPresent(traceId, forKey: "traceId")
        try members.encodeIfPresent(errors, forKey: "errors")
    }

    private struct Member: CodingKey, ExpressibleByStringLiteral {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }

        init(stringLiteral value: String) { self.init(stringValue: value) }

        init?(intValue: Int) { nil }
    }
}

extension Response {
    /// Ends the connection after this answer, because the rest of the request is not worth reading.
    package mutating func closeConnection() {
        headers[.connection] = "close"
        let body = body
        self.body = ResponseBody(contentLength: body.contentLength) { writer in
            try await body.write(writer)
            throw ConnectionDone()
        }
    }
}

/// Thrown after the last byte of an answer, to make the server close the connection.
private struct ConnectionDone: Error {}
