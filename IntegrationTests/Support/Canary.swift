import Foundation
import Testing

/// Somebody whose every value nobody else has, and who does everything that a user can do, well
/// and badly. What is secret of it, what is personal, and what was refused, is kept.
struct Canary: Sendable {
    static let email = "canary.address@example.com"
    static let newEmail = "canary.elsewhere@example.com"
    private static let phone = "+4915550123456"
    private static let names = ["Canaryfirst", "Canarylast"]
    private static let address = [
        "line1": "Canaryline 7", "line2": "Canaryback", "city": "Canarytown",
        "region": "Canaryland", "postalCode": "CNRY-7",
    ]
    private static let passwords = [
        "canary password one", "canary password two", "canary password three",
    ]
    /// What logs, metrics and refusals know nothing of.
    static let personal = [email, newEmail, phone] + names + address.values

    /// What nobody but its owner knows.
    private(set) var secrets = passwords
    private(set) var refusals: [Answer] = []
    private let system: RunningSystem
    private var api: API

    init(in system: RunningSystem) {
        self.system = system
        api = system.api
    }

    /// Does it all.
    mutating func sing(beside admin: Person) async throws {
        try await register()
        try await confirm()
        try await logIn(password: 0)
        try await refresh()
        try await live()
        try await moveAway()
        try await reset()
        try await enrol()
        try await useKey(of: admin)
        #expect(refusals.allSatisfy { (400..<500).contains($0.status) })
        #expect(secrets.allSatisfy { $0.count > 9 })
    }

    private mutating func register() async throws {
        let users = "/api/v1/users"
        let registration: JSON = [
            "email": .string(Self.email), "password": .string(Self.passwords[0]),
            "firstName": .string(Self.names[0]), "lastName": .string(Self.names[1]),
            "phone": .string(Self.phone),
        ]
        try #require(try await api.post(users, registration).status == 201)
        try await refuse(users, registration)
        try await refuse(users, registration.with("x", 1))
        let cut = try registration.data.dropLast()
        refusals.append(try await api.send("POST", users, body: cut))
    }

    private mutating func confirm() async throws {
        let token = try await mailed(.verifyEmail, to: Self.email)
        let path = "/api/v1/email-verifications/confirm"
        #expect(try await api.post(path, ["token": token]).status == 204)
        try await refuse(path, ["token": token])
        try await refuse(path, ["token": token, "x": token])
    }

    private mutating func logIn(
        email: String = email, password: Int, _ more: [String: JSON] = [:]
    ) async throws {
        let body: JSON = ["email": .string(email), "password": .string(Self.passwords[password])]
        let answer = try await system.api.post(
            "/api/v1/sessions", more.reduce(body) { $0.with($1.key, $1.value) })
        try #require(answer.status == 201, "\(answer)")
        try note(answer, "accessToken", "refreshToken")
        api = system.api.with(token: answer.json["accessToken"].string)
    }

    private mutating func refresh() async throws {
        try await refuse("/api/v1/sessions", credentials(Self.email, 1))
        refusals.append(
            try await system.api.get(
                "/api/v1/orders?access_token=\(Self.email)",
                headers: ["Authorization": "Bearer \(Self.passwords[0])"]))
        let spent = secrets.last ?? ""
        let path = "/api/v1/sessions/refresh"
        let renewed = try await api.post(path, ["refreshToken": .string(spent)])
        try note(renewed, "accessToken", "refreshToken")
        api = system.api.with(token: renewed.json["accessToken"].string)
        try await refuse(path, ["refreshToken": .string(api.token ?? "")])
    }

    private mutating func live() async throws {
        _ = try await api.post("/api/v1/orders", Orders.body())
        let address = Self.address.reduce(["label": "home", "country": "DE"] as JSON) {
            $0.with($1.key, .string($1.value))
        }
        let addresses = "/api/v1/users/me/addresses"
        #expect(try await api.post(addresses, address).status == 201)
        try await refuse(addresses, address.with("country", .string(Self.names[0])))
        let passwords: JSON = [
            "currentPassword": .string(Self.passwords[0]),
            "newPassword": .string(Self.passwords[1]),
        ]
        #expect(try await api.post("/api/v1/users/me/password", passwords).status == 204)
        try await refuse("/api/v1/users/me/password", passwords)
    }

    private mutating func moveAway() async throws {
        let asked = try await api.post(
            "/api/v1/users/me/email", ["newEmail": .string(Self.newEmail)])
        #expect(asked.status == 202, "\(asked)")
        for (page, address, path) in [
            (MailedPage.confirmEmailChange, Self.newEmail, "/api/v1/email-changes/confirm"),
            (.undoEmailChange, Self.email, "/api/v1/email-changes/undo"),
        ] {
            let token = try await mailed(page, to: address)
            #expect(try await system.api.post(path, ["token": token]).status == 204)
            try await refuse(path, ["token": token])
        }
    }

    private mutating func reset() async throws {
        let email: JSON = ["email": .string(Self.email)]
        #expect(try await system.api.post("/api/v1/password-resets", email).status == 202)
        let token = try await mailed(.resetPassword, to: Self.email)
        let body: JSON = ["token": token, "newPassword": .string(Self.passwords[2])]
        let path = "/api/v1/password-resets/confirm"
        #expect(try await system.api.post(path, body).status == 204)
        try await refuse(path, body)
        try await logIn(password: 2)
    }

    private mutating func enrol() async throws {
        let totp = "/api/v1/users/me/mfa/totp"
        let enrolment = try await api.post(totp, [:])
        try note(enrolment, "secret")
        var authenticator = try Authenticator(
            base32: try #require(enrolment.json["secret"].string))
        let code = try await authenticator.nextCode()
        let confirmed = try await api.post("\(totp)/confirm", ["code": .string(code)])
        try note(confirmed, "accessToken")
        let codes = confirmed.json["recoveryCodes"].array.compactMap(\.string)
        try #require(codes.count == 10)
        secrets += codes + codes.map { $0.replacing("-", with: "") }
        let half = try await system.api.post("/api/v1/sessions", credentials(Self.email, 2))
        try note(half, "mfaToken")
        let completion = half.json["mfaToken"]
        try await refuse(
            "/api/v1/sessions/second-factor",
            ["mfaToken": completion, "recoveryCode": .string(Self.passwords[0])])
        for _ in 1...2 {
            let body = credentials(Self.email, 2).with("recoveryCode", .string(codes[0]))
            let answer = try await system.api.post("/api/v1/sessions", body)
            if answer.status == 201 {
                try note(answer, "accessToken", "refreshToken")
            } else {
                refusals.append(answer)
            }
        }
    }

    private mutating func useKey(of admin: Person) async throws {
        let keys = "/api/v1/api-keys"
        let made = try await admin.api.post(
            keys, ["name": "till", "permissions": ["users:read"]])
        try note(made, "apiKey")
        let key = try #require(made.json["apiKey"].string)
        secrets.append(String(key.split(separator: "_").last ?? ""))
        let exchanged = try await system.api.post("\(keys)/token", ["apiKey": .string(key)])
        try note(exchanged, "accessToken")
        try await refuse("\(keys)/token", ["apiKey": .string(key + "x")])
        try await refuse("\(keys)/token", ["apiKey": .string(key), "x": .string(key)])
    }

    private func credentials(_ email: String, _ password: Int) -> JSON {
        ["email": .string(email), "password": .string(Self.passwords[password])]
    }

    private mutating func refuse(_ path: String, _ body: JSON) async throws {
        refusals.append(try await api.post(path, body))
    }

    private mutating func mailed(_ page: MailedPage, to address: String) async throws -> JSON {
        let token = try await system.mailedToken(for: page, to: address)
        secrets.append(try #require(token.string))
        return token
    }

    private mutating func note(_ answer: Answer, _ names: String...) throws {
        for name in names { secrets.append(try #require(answer.json[name].string, "\(answer)")) }
    }
}
