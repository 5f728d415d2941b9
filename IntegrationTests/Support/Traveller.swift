import Foundation
import Testing

/// Somebody who goes through everything that an account can live through, over HTTP and with what
/// the mails bring. Each step checks what is due at once.
struct Traveller: Sendable {
    let system: RunningSystem
    let email = "ada0@example.com"
    private(set) var id = ""
    private(set) var password = Person.password
    private(set) var recoveryCodes: [String] = []
    private var authenticator: Authenticator?
    /// With the newest access token.
    private(set) var api: API

    init(in system: RunningSystem) {
        self.system = system
        api = system.api
    }

    /// Registers, and confirms the address by the mail.
    mutating func register() async throws {
        let answer = try await system.api.post("/api/v1/users", Person.registration("Ada"))
        try #require(answer.status == 201, "\(answer)")
        #expect(answer.json["status"] == "pending_verification")
        id = try #require(answer.json["id"].string)
        let token = try await system.mailedToken(for: .verifyEmail, to: email)
        // A scanner of mail looks at the link, and spends nothing by it.
        let page = try await system.api.get(MailedPage.verifyEmail.path)
        #expect(page.status == 200, "\(page)")
        #expect(page.headers["referrer-policy"] == "no-referrer")
        let confirmation = "/api/v1/email-verifications/confirm"
        let confirmed = try await system.api.post(confirmation, ["token": token])
        #expect(confirmed.status == 204, "\(confirmed)")
        expectProblem(
            try await system.api.post(confirmation, ["token": token]), 400,
            "auth.token_invalid")
        try await logIn()
        #expect(try await api.get("/api/v1/users/me").json["status"] == "active")
    }

    /// Sends the password, and more.
    func tryLogIn(_ more: [String: JSON] = [:]) async throws -> Answer {
        let body: JSON = ["email": .string(email), "password": .string(password)]
        return try await system.api.post(
            "/api/v1/sessions", more.reduce(body) { $0.with($1.key, $1.value) })
    }

    /// Opens a session, with the second factor if there is one.
    mutating func logIn(_ more: [String: JSON] = [:]) async throws {
        let answer = try await tryLogIn(more)
        try #require(answer.status == 201, "\(answer)")
        let token = try #require(answer.json["accessToken"].string)
        api = system.api.with(token: token)
        #expect(try await api.get("/api/v1/users/me").status == 200)
    }

    /// Opens a session with a recovery code.
    mutating func logInByRecoveryCode() async throws {
        let code = recoveryCodes.removeFirst()
        try await logIn(["recoveryCode": .string(code)])
    }

    /// Turns the second factor on, and meets it at the next log-ins.
    mutating func enrol() async throws {
        let totp = "/api/v1/users/me/mfa/totp"
        let enrolment = try await api.post(totp, [:])
        try #require(enrolment.status == 201, "\(enrolment)")
        var authenticator = try Authenticator(
            base32: try #require(enrolment.json["secret"].string))
        let code = try await authenticator.nextCode()
        let confirmed = try await api.post("\(totp)/confirm", ["code": .string(code)])
        try #require(confirmed.status == 200, "\(confirmed)")
        recoveryCodes = confirmed.json["recoveryCodes"].array.compactMap(\.string)
        #expect(Set(recoveryCodes).count == 10)

        let half = try await tryLogIn()
        #expect(half.status == 401 && half.json["code"] == "auth.mfa_required", "\(half)")
        let pending = half.json["mfaToken"]
        let early = try await system.api.with(token: pending.string).get("/api/v1/users/me")
        expectProblem(early, 401, "auth.unauthorized")
        let spent = try await tryLogIn(["totp": .string(code)])
        expectProblem(spent, 401, "auth.wrong_code")
        let next = try await authenticator.nextCode()
        try await logIn(["totp": .string(next)])
        expectProblem(try await tryLogIn(["totp": .string(next)]), 401, "auth.wrong_code")
        self.authenticator = authenticator

        let completion: JSON = [
            "mfaToken": pending, "recoveryCode": .string(recoveryCodes.removeFirst()),
        ]
        let path = "/api/v1/sessions/second-factor"
        #expect(try await system.api.post(path, completion).status == 201)
        expectProblem(try await system.api.post(path, completion), 400, "auth.token_invalid")
    }

    /// Chooses another password; the old one is worth nothing then.
    mutating func changePassword(to new: String) async throws {
        let change: JSON = ["currentPassword": .string(password), "newPassword": .string(new)]
        let answer = try await api.post("/api/v1/users/me/password", change)
        #expect(answer.status == 204, "\(answer)")
        expectProblem(try await tryLogIn(), 401, "auth.wrong_credentials")
        password = new
        #expect(try await api.get("/api/v1/users/me").status == 200)
    }

    /// Sets a password by mail. It opens no session, and ends every one.
    mutating func resetPassword(to new: String) async throws {
        let asked = try await system.api.post(
            "/api/v1/password-resets", ["email": .string(email)])
        #expect(asked.status == 202 && asked.body.isEmpty, "\(asked)")
        let token = try await system.mailedToken(for: .resetPassword, to: email)
        let body: JSON = ["token": token, "newPassword": .string(new)]
        let confirmation = "/api/v1/password-resets/confirm"
        let confirmed = try await system.api.post(confirmation, body)
        #expect(confirmed.status == 204 && confirmed.body.isEmpty, "\(confirmed)")
        expectProblem(
            try await system.api.post(confirmation, body), 400, "auth.token_invalid")
        expectProblem(try await tryLogIn(), 401, "auth.wrong_credentials")
        password = new
        #expect(try await tryLogIn().json["code"] == "auth.mfa_required")
        expectProblem(try await api.get("/api/v1/users/me"), 401, "auth.unauthorized")
    }

    /// Is kept out for a while.
    func beSuspended(by administrator: Person) async throws {
        let path = "/api/v1/users/\(id)/status"
        let suspended = try await administrator.api.put(
            path, ["status": "suspended", "reason": "a complaint"])
        #expect(suspended.status == 200, "\(suspended)")
        expectProblem(try await tryLogIn(), 403, "auth.suspended")
        expectProblem(try await api.get("/api/v1/users/me"), 401, "auth.unauthorized")
        let reactivated = try await administrator.api.put(
            path, ["status": "active", "reason": "settled"])
        #expect(reactivated.status == 200, "\(reactivated)")
        #expect(try await tryLogIn().json["code"] == "auth.mfa_required")
    }

    /// Leaves for good.
    func leave() async throws {
        let deleted = try await api.delete("/api/v1/users/me")
        #expect(deleted.status == 204, "\(deleted)")
        expectProblem(try await tryLogIn(), 401, "auth.wrong_credentials")
        expectProblem(try await api.get("/api/v1/users/me"), 401, "auth.unauthorized")
    }

    /// The kinds of what was written to the account, the oldest first.
    var notices: [String] {
        get async throws {
            try await api.all("/api/v1/notifications").reversed()
                .compactMap { $0["kind"].string }
        }
    }
}
