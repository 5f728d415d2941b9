import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Web

/// Routes that need no database, one for each thing that the kernel does to a request.
struct Desk: Sendable {
    let forge = TokenForge()

    static var routes: [Route] {
        [
            .get("/desk", access: .anyone) { _ in try .json(["is": "open"]) },
            .get("/desk/plan", access: .anyone) { _ in
                try .json(["is": "drawn"], headers: [.cacheControl: "public, max-age=60"])
            },
            .get("/desk/drawer", access: .authenticated) { request in
                try .json(["owner": request.caller().userID.description])
            },
            .get("/desk/safe", access: .permission("desk:open-safe")) { _ in .noContent },
            .post("/desk/scales", access: .anyone) { request in
                try .json(["byteCount": request.body.count])
            },
            .post("/desk/letters", access: .authenticated) { request in
                try .json(["text": request.decode { $0.string("text", length: 1...5) }])
            },
            .post("/desk/forms", access: .anyone) { request in
                try .json(["name": request.decode { $0.string("name", length: 1...5) }])
            },
            .post("/desk/cards", access: .anyone) { request in
                try .json(["byteCount": request.body.count])
            }.limitingBody(to: 16),
            .get("/api/desk", access: .anyone) { _ in try .json(["is": "open"]) },
            .get("/api/desk/journal", access: .anyone) { request in
                try .json(["is": "read"], version: 7, unlessSeenBy: request)
            },
            .put("/api/desk/ledger", access: .anyone) { request in
                if let condition = try request.ifMatch(), !condition.admits(7) {
                    throw Problem.versionMismatch
                }
                return try .json(["is": "written"], version: 8)
            },
            .patch("/api/desk/ledger", access: .anyone) { request in
                let written = try request.decode { fields in
                    fields.has("text") ? fields.optionalString("text", length: 1...5) : "kept"
                }
                return try .json(["text": written])
            },
            Route(.delete, "/desk/forms/{id}", access: .anyone) { request in
                _ = try request.id(as: OrderID.self)
                return .noContent
            },
            .get("/desk/failures/{kind}", access: .anyone) { request in
                guard let kind = PlannedFailure(rawValue: request.parameters["kind"] ?? "") else {
                    return .noContent
                }
                throw kind.error
            },
        ]
    }

    func token(of caller: TestCaller) throws -> String { try forge.token(of: caller) }

    /// Sends a request through the whole stack of middlewares.
    func send(
        _ method: HTTPRequest.Method, _ path: String, as caller: TestCaller? = nil,
        headers: HTTPFields = [:], json: String? = nil,
        settings: WebServer.Settings = WebServer.Settings(), passage: (any Passage)? = nil
    ) async throws -> DeskAnswer {
        var headers = headers
        if let caller { headers[.authorization] = "Bearer \(try forge.token(of: caller))" }
        if json != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
        let app = Application(
            responder: WebServer.responder(
                routes: Self.routes, settings: settings, verifier: try await forge.verifier(),
                passage: passage))
        let fields = headers
        return try await app.test(.router) { client in
            let response = try await client.executeRequest(
                uri: path, method: method, headers: fields, body: json.map(ByteBuffer.init(string:))
            )
            return DeskAnswer(
                status: response.status, headers: response.headers,
                body: Data(response.body.readableBytesView))
        }
    }
}

/// What the desk answers.
struct DeskAnswer: Readable, Sendable {
    let status: HTTPResponse.Status
    let headers: HTTPFields
    let body: Data
}
