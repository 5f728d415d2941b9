import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// The system as a client sees it: one base URL, and the caller's token if there is one.
struct API: Sendable {
    let url: String
    let client: HTTPClient
    var token: String?

    /// The same system for another caller.
    func with(token: String?) -> API { API(url: url, client: client, token: token) }

    /// The same caller, to a process at another address.
    func with(url: String) -> API { API(url: url, client: client, token: token) }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send("GET", path, headers: headers)
    }

    func post(
        _ path: String, _ body: JSON, headers: [String: String] = [:]
    ) async throws -> Answer {
        try await send("POST", path, body: try body.data, headers: headers)
    }

    func put(_ path: String, _ body: JSON) async throws -> Answer {
        try await send("PUT", path, body: try body.data)
    }

    func delete(_ path: String) async throws -> Answer { try await send("DELETE", path) }

    /// Any request. A body is declared as JSON unless a header says otherwise.
    func send(
        _ method: String, _ path: String, body: Data? = nil, headers: [String: String] = [:],
        isChunked: Bool = false
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url + path)
        request.method = .init(rawValue: method)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            let buffer = ByteBuffer(bytes: body)
            request.body =
                isChunked ? .stream(Self.pieces(of: buffer), length: .unknown) : .bytes(buffer)
        }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        let response = try await client.execute(request, timeout: .seconds(20))
        let collected = try await response.body.collect(upTo: 16 << 20)
        return Answer(
            method: method, path: path, status: Int(response.status.code),
            headers: Dictionary(
                response.headers.map { ($0.name.lowercased(), $0.value) }
            ) { "\($0), \($1)" },
            body: Data(collected.readableBytesView))
    }

    private static func pieces(of buffer: ByteBuffer) -> AsyncStream<ByteBuffer> {
        AsyncStream { stream in
            var rest = buffer
            while let piece = rest.readSlice(length: min(16 << 10, rest.readableBytes)),
                piece.readableBytes > 0
            {
                stream.yield(piece)
            }
            stream.finish()
        }
    }
}

/// What came back.
struct Answer: Sendable, CustomStringConvertible {
    let method: String
    let path: String
    let status: Int
    /// By name in lower case.
    let headers: [String: String]
    let body: Data

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON; `.null` when it is none.
    var json: JSON { (try? JSON(parsing: body)) ?? .null }

    var items: [JSON] { json["items"].array }

    var description: String { "\(method) \(path) → \(status) \(headers) \(text.prefix(2_000))" }
}
