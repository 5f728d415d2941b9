import EventBus
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Platform
import Settings
import Storage
import Testing
import UserContract
import Web

@testable import User

/// An answer without what is different in every answer: the request's id and trace.
struct AnswerSeen: Hashable {
    let status: Int
    let headers: [String]
    let body: String
    let bodyByteCount: Int

    /// - Parameter path: named in problems; alike for all that are compared.
    init(_ answer: TestAnswer, at path: String = "") {
        status = answer.status.code
        headers = answer.headers.compactMap { header -> String? in
            let isOwn = ["x-request-id", "traceparent", "date"].contains(header.name.canonicalName)
            return isOwn ? nil : "\(header.name): \(header.value)"
        }.sorted()
        body = answer.text
            .replacing(/"(requestId|traceId)":"[^"]*",?/, with: "")
            .replacing(path.isEmpty ? "\u{0}" : path, with: "")
        bodyByteCount = answer.body.count
    }
}

extension ModuleHarness where M == UserModule {
    /// Logs in from a device. There are no addresses without sockets, so the agent tells which.
    func logIn(
        _ email: String = "ada@example.org", _ password: String = Form.password, on agent: String
    ) async throws -> TestAnswer {
        try await send(
            .post, "/api/v1/sessions", headers: [.userAgent: agent],
            json: Form.json(["email": .string(email), "password": .string(password)]))
    }

    /// Tries so many wrong passwords, one after the other.
    @discardableResult
    func failToLogIn(
        _ count: Int, _ email: String = "ada@example.org", on agent: String = "burglar"
    ) async throws -> [TestAnswer] {
        var answers: [TestAnswer] = []
        for _ in 0..<count {
            answers.append(try await logIn(email, "a wrong password", on: agent))
        }
        return answers
    }

    /// What is counted of a kind, the smallest first.
    func counts(of kind: String) async throws -> [Int] {
        try await database.read { transaction in
            try transaction.rows(
                "SELECT count FROM throttles WHERE key LIKE \(kind + ":%") ORDER BY count"
            ).map { try $0.get("count") }
        }
    }

    /// Why log-ins failed, and how often.
    func reasons() async throws -> [String: Int] {
        try await published(UserLoginFailed.self)
            .reduce(into: [:]) { $0[$1.reason, default: 0] += 1 }
    }

    /// Another process with the same database.
    func twin() throws -> UserModule {
        let now = { @Sendable [time] in time.now }
        return UserModule(
            settings: try Settings.load(
                file: nil, flags: .withoutFloor, environment: [:],
                catalogue: SettingsCatalogue(UserModule.settings)),
            platform: Platform(
                module: UserModule.name, database: database,
                outbox: Outbox(
                    module: UserModule.name, types: Set(UserModule.publishes.map { $0.type }),
                    committed: Signal(), now: now),
                now: now, signingKey: try SigningKey(pem: SigningKey.generatePEM()),
                secrets: try SealingKeys(SealingKeys.generate()), sealing: sealing))
    }
}

/// What a piece of work takes.
func timing(_ work: () async throws -> Void) async throws -> Duration {
    try await ContinuousClock().measure { try await work() }
}
