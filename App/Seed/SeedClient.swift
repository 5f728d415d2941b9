import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Web

/// The process's own API as a client of it.
struct SeedClient: Sendable {
    let url: String
    let http: HTTPClient
    var token: String?

    /// The same API for another caller.
    func with(token: String) -> SeedClient { SeedClient(url: url, http: http, token: token) }

    func get(_ path: String) async throws -> SeedAnswer { try await send(.GET, path) }

    func post(
        _ path: String, _ body: JSONValue?, headers: [String: String] = [:]
    ) async throws -> SeedAnswer {
        try await send(.POST, path, body, headers: headers)
    }

    func send(
        _ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil,
        headers: [String: String] = [:]
    ) async throws -> SeedAnswer {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
        }
        let response = try await http.execute(request, timeout: .seconds(30))
        let bytes = try await response.body.collect(upTo: 16 << 20)
        return SeedAnswer(
            request: "\(method) \(path)", status: Int(response.status.code),
            tag: response.headers.first(name: "ETag"),
            json: (try? JSONValue(parsing: Data(bytes.readableBytesView))) ?? .null)
    }

    /// Every item of a list, page by page.
    func all(_ path: String) async throws -> [JSONValue] {
        var items: [JSONValue] = []
        var cursor: String?
        repeat {
            let separator = path.contains("?") ? "&" : "?"
            let place = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try await get("\(path)\(separator)limit=100\(place)").expecting(200)
            items += page.json["items"].items
            cursor = page.json["nextCursor"].text
        } while cursor != nil
        return items
    }
}

/// What came back.
struct SeedAnswer: Sendable {
    let request: String
    let status: Int
    let tag: String?
    let json: JSONValue

    /// - Throws: ``SeedFailure`` when it is another status.
    @discardableResult func expecting(_ status: Int) throws -> SeedAnswer {
        guard self.status == status else { throw SeedFailure(self) }
        return self
    }
}

/// What the seed could not do.
struct SeedFailure: Error {
    let text: String

    init(_ text: String) { self.text = text }

    init(_ answer: SeedAnswer) {
        let problems = answer.json["errors"].items.map {
            "\($0["pointer"].text ?? "") \($0["detail"].text ?? "")"
        }
        let detail = ([answer.json["detail"].text].compactMap(\.self) + problems)
            .joined(separator: "; ")
        text = "\(answer.request) was answered \(answer.status): \(detail)"
    }
}

// MARK: - Looking into answers

extension JSONValue {
    /// A field of an object; `null` where there is none.
    subscript(name: String) -> JSONValue {
        if case .object(let fields) = self { fields[name] ?? .null } else { .null }
    }

    var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    var isEmptyObject: Bool { if case .object(let fields) = self { fields.isEmpty } else { false } }
}
