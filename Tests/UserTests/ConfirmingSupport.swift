import Crypto
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

extension [String: String] {
    /// Refusals are answered at once, so that many can be tried.
    static let withoutFloor = ["user.failureFloor": "0ms"]

    /// The same and more.
    static func withoutFloor(and more: [String: String]) -> [String: String] {
        withoutFloor.merging(more) { _, more in more }
    }
}

extension TestAnswer {
    /// The machine code of a problem.
    var code: String? { try? read(ProblemSeen.self).code }

    /// A member of the body that is text.
    subscript(member name: String) -> String? {
        guard case .object(let members) = try? json(), case .string(let text) = members[name] else {
            return nil
        }
        return text
    }

    /// A member of the body that is a list of texts.
    func texts(_ name: String) -> [String] {
        guard case .object(let members) = try? json(), case .array(let items) = members[name] else {
            return []
        }
        return items.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }
}

/// A second factor that is on, as its user has it.
struct FactorHeld: Sendable {
    let totp: TOTP
    let recoveryCodes: [String]
    /// Of the session that turned it on.
    let accessToken: String

    func code(at now: Date, offset: Int64 = 0) -> String {
        totp.code(ofStep: TOTP.step(at: now) + offset)
    }
}

/// The same request so many times at once.
func atOnce(
    _ count: Int, _ send: @escaping @Sendable (Int) async throws -> TestAnswer
) async throws -> [TestAnswer] {
    try await withThrowingTaskGroup(of: TestAnswer.self) { group in
        for index in 0..<count { group.addTask { try await send(index) } }
        return try await group.reduce(into: []) { $0.append($1) }
    }
}

// MARK: - Requests

extension ModuleHarness where M == UserModule {
    /// Sends texts, with an access token that the module gave out.
    func call(
        _ method: HTTPRequest.Method, _ path: String, _ fields: [String: String]? = nil,
        token: String? = nil, ifMatch: String? = nil
    ) async throws -> TestAnswer {
        var headers: HTTPFields = [:]
        headers[.authorization] = token.map { "Bearer \($0)" }
        headers[.ifMatch] = ifMatch
        return try await send(
            method, path, headers: headers,
            json: fields.map { Form.json($0.mapValues { .string($0) }) })
    }

    /// Opens an account and a session.
    func enter(_ email: String) async throws -> (user: UserSeen, tokens: TokensSeen) {
        let user = try await register(["email": .string(email)]).read(UserSeen.self)
        return (user, try await logIn(email).read())
    }

    func logIn(
        _ email: String = "ada@example.org", _ password: String = Form.password, totp: String
    ) async throws -> TestAnswer {
        try await call(
            .post, "/api/v1/sessions", ["email": email, "password": password, "totp": totp])
    }

    func requestReset(_ email: String) async throws -> TestAnswer {
        try await call(.post, "/api/v1/password-resets", ["email": email])
    }

    func confirmReset(_ token: String, _ password: String) async throws -> TestAnswer {
        try await call(
            .post, "/api/v1/password-resets/confirm", ["token": token, "newPassword": password])
    }

    func confirmAddress(_ token: String) async throws -> TestAnswer {
        try await call(.post, "/api/v1/email-verifications/confirm", ["token": token])
    }

    func requestEmail(
        _ email: String, token: String, _ proof: [String: String] = [:]
    ) async throws -> TestAnswer {
        let fields = proof.merging(["newEmail": email]) { old, _ in old }
        return try await call(.post, "/api/v1/users/me/email", fields, token: token)
    }

    func confirmEmail(_ token: String) async throws -> TestAnswer {
        try await call(.post, "/api/v1/email-changes/confirm", ["token": token])
    }

    func undoEmail(_ token: String) async throws -> TestAnswer {
        try await call(.post, "/api/v1/email-changes/undo", ["token": token])
    }

    func show(_ token: String) async throws -> UserSeen {
        try await call(.get, "/api/v1/users/me", token: token).read()
    }

    func suspend(_ user: UserID) async throws {
        let answer = try await send(
            .put, "/api/v1/users/\(user)/status", as: TestCaller(roles: ["admin"]),
            json: Form.json(["status": .string("suspended"), "reason": .string("a test")]))
        #expect(answer.status == .ok)
    }
}

// MARK: - Factors

extension ModuleHarness where M == UserModule {
    static var totpPath: String { "/api/v1/users/me/mfa/totp" }
    static var codesPath: String { "/api/v1/users/me/mfa/recovery-codes" }

    /// Makes a secret that waits for its confirmation.
    func enrol(_ token: String) async throws -> TOTP {
        let answer = try await call(.post, Self.totpPath, token: token)
        #expect(answer.status == .created)
        return try #require(answer[member: "secret"].flatMap { TOTP(base32: $0) })
    }

    /// Turns the second factor on. The code of the present step is spent by it.
    func turnOnFactor(_ token: String) async throws -> FactorHeld {
        let totp = try await enrol(token)
        let answer = try await call(
            .post, Self.totpPath + "/confirm",
            ["code": totp.code(ofStep: TOTP.step(at: time.now))], token: token)
        #expect(answer.status == .ok)
        return FactorHeld(
            totp: totp, recoveryCodes: answer.texts("recoveryCodes"),
            accessToken: try #require(answer[member: "accessToken"]))
    }

    /// Opens an account whose second factor is on, and lets the step pass whose code that took.
    func joinWithFactor() async throws -> (user: UserSeen, tokens: TokensSeen, FactorHeld) {
        let (user, tokens) = try await join()
        let factor = try await turnOnFactor(tokens.accessToken)
        time.advance(by: .seconds(30))
        return (user, tokens, factor)
    }

    /// What a right password gives an account with a second factor.
    func mfaToken(_ email: String = "ada@example.org") async throws -> String {
        try #require(try await logIn(email)[member: "mfaToken"])
    }

    func complete(_ mfaToken: String, totp: String) async throws -> TestAnswer {
        try await call(
            .post, "/api/v1/sessions/second-factor", ["mfaToken": mfaToken, "totp": totp])
    }

    func complete(_ mfaToken: String, recoveryCode: String) async throws -> TestAnswer {
        try await call(
            .post, "/api/v1/sessions/second-factor",
            ["mfaToken": mfaToken, "recoveryCode": recoveryCode])
    }

    func claims(of token: String) throws -> AccessTokenClaims {
        let payload = try #require(token.split(separator: ".").dropFirst().first)
        let data = try #require(Data(base64URLEncoded: String(payload)))
        return try JSONDecoder().decode(AccessTokenClaims.self, from: data)
    }
}

// MARK: - Mails

extension ModuleHarness where M == UserModule {
    /// Opens what is sealed for Notification.
    func open(_ sealed: String?, of user: UserID, _ use: SealedToken.Use) throws -> String {
        try sealing.open(
            try #require(sealed), for: SealedToken.purpose, of: SealedToken.subject(user, use))
    }

    /// The tokens that were mailed to reset a user's password, the first one first.
    func resetTokens(of user: UserID) async throws -> [String] {
        try await published(UserPasswordResetRequested.self).filter { $0.userID == user }
            .map { try open($0.sealedToken, of: user, .passwordReset) }
    }

    /// The token of a new mail.
    func resetToken(of user: UserSeen) async throws -> String {
        #expect(try await requestReset(user.email).status == .accepted)
        return try #require(try await resetTokens(of: user.id).last)
    }

    /// The token of the welcome mail.
    func welcomeToken(of user: UserID) async throws -> String {
        let event = try await published(UserRegistered.self).first { $0.userID == user }
        return try open(event?.sealedToken, of: user, .emailVerification)
    }

    /// The token that was mailed to a user's new address last.
    func changeToken(of user: UserID) async throws -> String {
        let event = try await published(UserEmailChangeRequested.self).last { $0.userID == user }
        return try open(event?.sealedToken, of: user, .emailChange)
    }

    /// The token that was mailed to a user's old address last.
    func undoToken(of user: UserID) async throws -> String {
        let event = try await published(UserEmailChanged.self).last { $0.userID == user }
        return try open(event?.sealedToken, of: user, .emailChangeUndo)
    }
}

// MARK: - Tables

extension ModuleHarness where M == UserModule {
    /// Everything that a user's database has in its tables, but for the log of events: what is
    /// said there is past, and ends with its retention.
    func textOfTables() async throws -> String {
        try await database.read { transaction in
            let isSQLite = transaction.dialect == .sqlite
            let names = try transaction.rows(
                isSQLite
                    ? "SELECT name FROM sqlite_master WHERE type = 'table'"
                    : """
                    SELECT table_name::text AS name FROM information_schema.tables
                    WHERE table_schema = current_schema()
                    """
            ).map { try $0.get("name", as: String.self) }
            return try names.filter { !$0.hasPrefix("outbox_") && !$0.hasPrefix("sqlite_") }
                .map { try Self.text(of: $0, isSQLite, in: transaction) }.joined(separator: "\n")
        }
    }

    private static func text(
        of table: String, _ isSQLite: Bool, in transaction: Transaction
    ) throws -> String {
        var line = "t::text"
        if isSQLite {
            let columns = try transaction.rows("SELECT name FROM pragma_table_info(\(table))")
                .map { try $0.get("name", as: String.self) }
            line = columns.map { "coalesce(CAST(\"\($0)\" AS TEXT), '')" }
                .joined(separator: " || '|' || ")
        }
        return try transaction.rows(SQL(text: "SELECT \(line) AS line FROM \"\(table)\" t"))
            .map { try table + ": " + $0.get("line", as: String.self) }.joined(separator: "\n")
    }

    /// The payloads of everything that was published.
    func textOfEvents() async throws -> String {
        try await database.read { transaction in
            try transaction.rows("SELECT data FROM outbox_events")
                .map { try $0.get("data", as: String.self) }.joined(separator: "\n")
        }
    }
}

extension String {
    /// Whether a text is in it, also where PostgreSQL shows bytes in hexadecimal digits.
    func tells(_ text: String) -> Bool { contains(text) || contains(Data(text.utf8).hexEncoded) }
}
