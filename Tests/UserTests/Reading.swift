import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import User
import Web

// Suites that run a module are serialized: each case opens two databases, and with all of them at
// once a test process holds more than 1024 files, which Foundation's Process does not survive.

/// A user as they see themselves.
struct UserSeen: Decodable, Equatable {
    let id: UserID
    let email: String
    let firstName: String
    let lastName: String
    let phone: String?
    let bio: String?
    let preferences: [String: String]
    let status: String
    let createdAt: Date
}

struct TokensSeen: Decodable {
    let accessToken: String
    let tokenType: String
    let expiresIn: Int
    let refreshToken: String
}

struct ProblemSeen: Decodable {
    let code: String
    let errors: [Problem.FieldError]?
}

extension TestAnswer {
    func read<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try FlotillaJSON.decode(T.self, from: body)
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}

/// What somebody sends to open an account; `nil` leaves a field out.
struct Form: Sendable {
    static let password = "correct horse battery"

    var fields: [String: JSONValue?] = [
        "email": .string("ada@example.org"), "password": .string(Self.password),
        "firstName": .string("Ada"), "lastName": .string("Lovelace"),
    ]

    init(_ changes: [String: JSONValue?] = [:]) {
        for (name, value) in changes { fields[name] = value }
    }

    var json: String { Form.json(fields.compactMapValues { $0 }) }

    static func json(_ object: [String: JSONValue]) -> String {
        String(decoding: (try? JSONEncoder().encode(object)) ?? Data(), as: UTF8.self)
    }
}

extension ModuleHarness where M == UserModule {
    func register(_ changes: [String: JSONValue?] = [:]) async throws -> TestAnswer {
        try await send(.post, "/api/v1/users", json: Form(changes).json)
    }

    func logIn(
        _ email: String = "ada@example.org", _ password: String = Form.password
    ) async throws -> TestAnswer {
        try await send(
            .post, "/api/v1/sessions",
            json: Form.json(["email": .string(email), "password": .string(password)]))
    }

    func refresh(_ token: String) async throws -> TestAnswer {
        try await send(
            .post, "/api/v1/sessions/refresh", json: Form.json(["refreshToken": .string(token)]))
    }

    /// Opens an account and a session.
    func join() async throws -> (user: UserSeen, tokens: TokensSeen) {
        let user = try await register().read(UserSeen.self)
        return (user, try await logIn().read())
    }

    /// Sends a request with an access token that the module gave out.
    func send(
        _ method: HTTPRequest.Method, _ path: String, token: String, json: String? = nil
    ) async throws -> TestAnswer {
        try await send(method, path, headers: [.authorization: "Bearer \(token)"], json: json)
    }

    func count(_ sql: SQL) async throws -> Int {
        try await database.read { try $0.first(sql)?.get("n") ?? 0 }
    }

    func passwordHash(of user: UserID) async throws -> String {
        try await database.read { transaction in
            try transaction.first("SELECT password_hash FROM users WHERE id = \(user)")?
                .get("password_hash") ?? ""
        }
    }
}
