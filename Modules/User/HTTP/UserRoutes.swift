import Events
import Foundation
import HTTPTypes
import Web

/// The endpoints of User.
struct UserRoutes: Sendable {
    let users: Users
    let sessions: Sessions
    let publicKeys: [JSONWebKey]

    var all: [Route] {
        [
            .post("/api/v1/users", access: .anyone, register),
            .post("/api/v1/sessions", access: .anyone, logIn),
            .post("/api/v1/sessions/refresh", access: .anyone, refresh),
            .get("/api/v1/sessions", access: .authenticated, listSessions),
            Route(.delete, "/api/v1/sessions/{id}", access: .authenticated, endSession),
            .get("/api/v1/users/me", access: .authenticated, show),
            .put("/api/v1/users/me", access: .authenticated, update),
            Route(.delete, "/api/v1/users/me", access: .authenticated, delete),
            .post("/api/v1/users/me/password", access: .authenticated, changePassword),
            .get("/api/v1/users", access: .permission("users:read"), list),
            .get("/api/v1/users/{id}", access: .permission("users:read"), find),
            .put(
                "/api/v1/users/{id}/status", access: .permission("users:manage"), setStatus),
            .get("/.well-known/jwks.json", access: .anyone, showKeys),
        ]
    }

    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        let page = try request.page()
        let users = try await users.list(page)
        return try .json(
            Page(users.map(UserBody.init), of: page) {
                PageRequest.Cursor(time: $0.createdAt, id: $0.id.uuid)
            })
    }

    @Sendable private func find(_ request: WebRequest) async throws -> WebResponse {
        try .json(UserBody(try await users.find(try request.id())))
    }

    @Sendable private func setStatus(_ request: WebRequest) async throws -> WebResponse {
        let (status, reason) = try request.decode { fields in
            (fields.status("status"), fields.string("reason", length: 1...500))
        }
        return try .json(
            UserBody(
                try await users.setStatus(
                    status, of: try request.id(), reason: reason,
                    by: try request.caller().userID)))
    }

    @Sendable private func register(_ request: WebRequest) async throws -> WebResponse {
        let registration = try request.decode { $0.registration() }
        guard let registration else { throw Problem.invalid([]) }
        let user = try await users.register(registration)
        return try .created(UserBody(user), at: "/api/v1/users/me")
    }

    @Sendable private func logIn(_ request: WebRequest) async throws -> WebResponse {
        let (typed, password) = try request.decode {
            ($0.string("email", length: 1...254), $0.secret("password", length: 1...256))
        }
        let pair = try await sessions.logIn(
            email: EmailAddress(typed), typed: typed, password: Password(password),
            device: SessionStore.Device(
                ipAddress: request.clientAddress,
                userAgent: request.headers[.userAgent].map { String($0.prefix(300)) }))
        return try .json(TokenBody(pair), status: .created)
    }

    @Sendable private func refresh(_ request: WebRequest) async throws -> WebResponse {
        let token = try request.decode { $0.secret("refreshToken", length: 1...200) }
        return try .json(TokenBody(try await sessions.refresh(RefreshToken(token))))
    }

    @Sendable private func listSessions(_ request: WebRequest) async throws -> WebResponse {
        let caller = try request.caller()
        let sessions = try await sessions.list(of: caller.userID)
        return try .json(
            Page(
                items: sessions.map { SessionBody($0, current: caller.sessionID) },
                nextCursor: nil))
    }

    @Sendable private func endSession(_ request: WebRequest) async throws -> WebResponse {
        let caller = try request.caller()
        let name = request.parameters["id"] == "current" ? caller.sessionID : nil
        guard let id = SessionID(name ?? request.parameters["id"] ?? "") else {
            throw UserError.sessionNotFound
        }
        try await sessions.end(id, of: caller.userID)
        return .noContent
    }

    @Sendable private func show(_ request: WebRequest) async throws -> WebResponse {
        try .json(UserBody(try await users.find(try request.caller().userID)))
    }

    @Sendable private func update(_ request: WebRequest) async throws -> WebResponse {
        let caller = try request.caller()
        let profile = try request.decode { $0.profile() }
        return try .json(
            UserBody(try await users.updateProfile(of: caller.userID, to: profile)))
    }

    @Sendable private func delete(_ request: WebRequest) async throws -> WebResponse {
        try await users.delete(try request.caller().userID)
        return .noContent
    }

    @Sendable private func changePassword(_ request: WebRequest) async throws -> WebResponse {
        let caller = try request.caller()
        let (current, new) = try request.decode {
            ($0.secret("currentPassword", length: 1...256), $0.password("newPassword"))
        }
        try await users.changePassword(
            of: caller.userID, from: Password(current), to: new, keeping: caller.sessionID,
            ipAddress: request.clientAddress)
        return .noContent
    }

    @Sendable private func showKeys(_ request: WebRequest) async throws -> WebResponse {
        try .json(
            ["keys": publicKeys], headers: [.cacheControl: "public, max-age=300"])
    }
}
