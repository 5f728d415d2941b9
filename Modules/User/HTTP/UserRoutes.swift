import Events
import Foundation
import HTTPTypes
import UserContract
import Web

/// The endpoints of accounts.
struct UserRoutes: Sendable {
    let users: Users
    let exports: Exports
    let publicKeys: [JSONWebKey]

    var all: [Route] {
        [
            .post("/api/v1/users", access: .anyone, register)
                .limitingBody(to: IdentityRoutes.bodyByteCountMax),
            .get("/api/v1/users/me", access: .authenticated, show),
            .put("/api/v1/users/me", access: .authenticated, replace),
            .patch("/api/v1/users/me", access: .authenticated, patch),
            Route(.delete, "/api/v1/users/me", access: .authenticated, delete)
                .limitingBody(to: IdentityRoutes.bodyByteCountMax),
            .get("/api/v1/users/me/export", access: .authenticated, export),
            .get("/api/v1/users/{id}/public", access: .anyone, showPublic),
            .get("/api/v1/users", access: .permission("users:read"), list),
            .get("/api/v1/users/{id}", access: .permission("users:read"), find),
            .put(
                "/api/v1/users/{id}/status", access: .permission("users:manage"), setStatus),
            Route(
                .delete, "/api/v1/users/{id}/mfa", access: .permission("users:manage"),
                removeFactor),
            .get("/.well-known/jwks.json", access: .anyone, showKeys),
        ]
    }

    @Sendable private func register(_ request: WebRequest) async throws -> WebResponse {
        let registration = try request.decode { $0.registration() }
        guard let registration else { throw Problem.invalid([]) }
        let user = try await users.register(registration, from: Device(request))
        return try .created(UserBody(user), at: "/api/v1/users/me")
    }

    @Sendable private func show(_ request: WebRequest) async throws -> WebResponse {
        try answer(try await users.find(try request.caller().userID))
    }

    @Sendable private func replace(_ request: WebRequest) async throws -> WebResponse {
        let change = try request.decode { $0.profile() }
        return try answer(
            try await users.updateProfile(
                of: try request.caller().userID, if: try request.ifMatch(), change))
    }

    @Sendable private func patch(_ request: WebRequest) async throws -> WebResponse {
        let change = try request.decode { $0.profilePatch() }
        return try answer(
            try await users.updateProfile(
                of: try request.caller().userID, if: try request.ifMatch(), change))
    }

    private func answer(_ user: User) throws -> WebResponse {
        try .json(UserBody(user), version: user.version)
    }

    @Sendable private func delete(_ request: WebRequest) async throws -> WebResponse {
        try await users.delete(try request.caller(), try request.proof())
        return .noContent
    }

    @Sendable private func export(_ request: WebRequest) async throws -> WebResponse {
        let caller = try request.caller()
        return try .json(
            ExportBody(
                try await exports.export(caller.userID), current: caller.sessionID,
                at: users.now()),
            headers: [
                .contentDisposition: "attachment; filename=\"flotilla-\(caller.userID).json\""
            ])
    }

    @Sendable private func showPublic(_ request: WebRequest) async throws -> WebResponse {
        guard let id = request.parameters["id"].flatMap({ UserID($0) }) else {
            throw UserError.notFound
        }
        return try .json(PublicUserBody(try await users.findPublic(id)))
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
                    by: try request.caller())))
    }

    @Sendable private func removeFactor(_ request: WebRequest) async throws -> WebResponse {
        try await users.removeFactor(of: try request.id(), by: try request.caller())
        return .noContent
    }

    @Sendable private func showKeys(_ request: WebRequest) async throws -> WebResponse {
        try .json(
            ["keys": publicKeys], headers: [.cacheControl: "public, max-age=300"])
    }
}

/// Everything that this module knows of a user, as they may take it elsewhere.
private struct ExportBody: Encodable, Sendable {
    let exportedAt: Date
    let account: UserBody
    let roles: [String]
    let permissions: [String]
    let addresses: [AddressBody]
    let sessions: [SessionBody]
    let secondFactor: Factor

    struct Factor: Encodable, Sendable {
        let isOn: Bool
        let recoveryCodesLeft: Int
    }

    init(_ export: Exports.Export, current: String, at now: Date) {
        exportedAt = now
        account = UserBody(export.user)
        roles = export.grants.roles.sorted()
        permissions = export.grants.permissions.sorted()
        addresses = export.addresses.map(AddressBody.init)
        sessions = export.sessions.map { SessionBody($0, current: current) }
        secondFactor = Factor(
            isOn: export.hasFactor, recoveryCodesLeft: export.recoveryCodeCount)
    }
}
