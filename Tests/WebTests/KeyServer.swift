import Foundation
import Hummingbird
import HummingbirdTesting
import NIOCore
import Synchronization
import Web

/// A process that publishes keys over a real socket, as User does, and fails when it is told to.
final class KeyServer: Sendable {
    private struct State {
        var answer: Answer
        var fetchCount = 0
    }

    /// What it says to the next who ask.
    enum Answer {
        case keys([JSONWebKey])
        case text(String)
        case status(HTTPResponse.Status, HTTPFields = [:])
        /// Nothing, for as long as anybody waits.
        case silence
    }

    private let state: Mutex<State>

    private init(_ answer: Answer) { state = Mutex(State(answer: answer)) }

    /// How often it was asked.
    var fetchCount: Int { state.withLock(\.fetchCount) }

    func say(_ answer: Answer) { state.withLock { $0.answer = answer } }

    /// Runs a server for as long as `body` takes.
    static func withServer<T: Sendable>(
        _ answer: Answer, _ body: @escaping @Sendable (KeyServer, String) async throws -> T
    ) async throws -> T {
        let server = KeyServer(answer)
        let router = Router()
        router.get("/keys") { _, _ in try await server.response() }
        return try await Application(router: router).test(.live) { client in
            guard let port = client.port else { throw CancellationError() }
            return try await body(server, "http://127.0.0.1:\(port)/keys")
        }
    }

    private func response() async throws -> Response {
        let answer = state.withLock { state in
            state.fetchCount += 1
            return state.answer
        }
        switch answer {
        case .keys(let keys):
            let body = try JSONEncoder().encode(["keys": keys])
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        case .text(let text):
            return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        case .status(let status, let headers):
            return Response(status: status, headers: headers)
        case .silence:
            try await Task.sleep(for: .seconds(2))
            return Response(status: .ok)
        }
    }
}
