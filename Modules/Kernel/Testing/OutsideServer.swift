package import Foundation
package import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Synchronization

/// A system outside, over a real socket: providers that modules ask over HTTP. It says what a test
/// tells it to.
///
/// A class around a `Mutex`: the critical sections are short and hold no `await`.
package final class OutsideServer: Sendable {
    /// What it was asked.
    package struct Question: Sendable {
        package let method: HTTPRequest.Method
        /// With the query.
        package let target: String
        package let headers: HTTPFields
        package let body: Data
    }

    /// What it says to the next who ask.
    package enum Answer: Sendable {
        case text(String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:])
        /// Nothing, for as long as anybody waits.
        case silence
    }

    private struct State {
        var answer: Answer
        var questions: [Question] = []
    }

    private let state: Mutex<State>

    private init(_ answer: Answer) { state = Mutex(State(answer: answer)) }

    /// What it was asked so far.
    package var questions: [Question] { state.withLock(\.questions) }

    package func say(_ answer: Answer) { state.withLock { $0.answer = answer } }

    /// Runs a server for as long as `body` takes; it is given the server and its URL. Afterwards
    /// connections to it are refused.
    package static func withServer<T: Sendable>(
        _ answer: Answer = .silence,
        _ body: @escaping @Sendable (OutsideServer, String) async throws -> T
    ) async throws -> T {
        let server = OutsideServer(answer)
        let responder = CallbackResponder { (request: Request, _: BasicRequestContext) in
            try await server.respond(to: request)
        }
        return try await Application(responder: responder).test(.live) { client in
            guard let port = client.port else { throw CancellationError() }
            return try await body(server, "http://127.0.0.1:\(port)")
        }
    }

    private func respond(to request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 1 << 20)
        let question = Question(
            method: request.method, target: request.uri.string, headers: request.headers,
            body: Data(body.readableBytesView))
        let answer = state.withLock { state in
            state.questions.append(question)
            return state.answer
        }
        switch answer {
        case .text(let text, let status, let headers):
            return Response(
                status: status, headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        case .silence:
            try await Task.sleep(for: .seconds(2))
            return Response(status: .ok)
        }
    }
}
