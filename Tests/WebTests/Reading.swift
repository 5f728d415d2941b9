import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Web

/// Problem details as a client reads them.
struct ProblemSeen: Decodable, Equatable {
    let type: String
    let title: String
    let status: Int
    let detail: String
    let instance: String
    let code: String
    let requestId: String
    let errors: [Problem.FieldError]?
}

/// An answer with a body to look into.
protocol Readable {
    var body: Data { get }
}

extension TestAnswer: Readable {}

extension Readable {
    func read<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try FlotillaJSON.decode(T.self, from: body)
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}

extension WebRequest {
    /// A request as a handler gets it.
    static func sample(
        _ method: HTTPRequest.Method = .post, query: [String: String] = [:],
        contentType: String? = "application/json", headers: HTTPFields = [:], body: Data = Data()
    ) -> WebRequest {
        var headers = headers
        headers[.contentType] = contentType
        return WebRequest(
            method: method, path: "/desk", route: "/desk", parameters: [:], query: query,
            headers: headers, body: body, principal: nil, requestID: "r", clientAddress: nil)
    }
}

/// Reads a body as a handler would.
func decode<T>(_ body: String, _ read: (inout Fields) throws -> T) throws -> T {
    try WebRequest.sample(body: Data(body.utf8)).decode(read)
}

/// What reading a body finds wrong, as `pointer: detail`; empty when nothing is.
func complaints<T>(about body: String, _ read: (inout Fields) throws -> T) throws -> [String] {
    do {
        _ = try decode(body, read)
        return []
    } catch let problem as Problem where problem.code == "request.invalid" {
        return problem.errors.map { "\($0.pointer): \($0.detail)" }
    }
}
