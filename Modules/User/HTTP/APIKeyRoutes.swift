import Events
import Foundation
import HTTPTypes
import UserContract
import Web

/// The endpoints of services' keys.
struct APIKeyRoutes: Sendable {
    let keys: APIKeys

    var all: [Route] {
        let one = "/api/v1/api-keys/{id}"
        return [
            .get("/api/v1/api-keys", access: .permission("api-keys:manage"), list),
            .post("/api/v1/api-keys", access: .permission("api-keys:manage"), create),
            .post(one + "/rotate", access: .permission("api-keys:manage"), rotate),
            Route(.delete, one, access: .permission("api-keys:manage"), revoke),
            .post("/api/v1/api-keys/token", access: .anyone, exchange),
        ].map { $0.limitingBody(to: IdentityRoutes.bodyByteCountMax) }
    }

    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        let page = try request.page()
        let keys = try await keys.list(page)
        return try .json(
            Page(keys.map { APIKeyBody($0) }, of: page) {
                PageRequest.Cursor(time: $0.createdAt, id: $0.id.uuid)
            })
    }

    /// Takes no idempotency key: the answer has a secret, which is stored nowhere.
    @Sendable private func create(_ request: WebRequest) async throws -> WebResponse {
        let (name, permissions, expiresAt) = try request.decode { fields in
            (
                fields.string("name", length: 1...100), fields.permissions("permissions"),
                fields.optionalTime("expiresAt")
            )
        }
        let (key, secret) = try await keys.create(
            name, permissions: permissions, expiresAt: expiresAt, by: try request.caller())
        return try .created(
            APIKeyBody(key, secret: secret), at: "/api/v1/api-keys/\(key.id)")
    }

    @Sendable private func rotate(_ request: WebRequest) async throws -> WebResponse {
        let (key, secret) = try await keys.rotate(try request.id(), by: try request.caller())
        return try .json(APIKeyBody(key, secret: secret))
    }

    @Sendable private func revoke(_ request: WebRequest) async throws -> WebResponse {
        try await keys.revoke(try request.id(), by: try request.caller())
        return .noContent
    }

    @Sendable private func exchange(_ request: WebRequest) async throws -> WebResponse {
        let key = try request.decode { $0.secret("apiKey", length: 1...200) }
        let (token, lifetime) = try await keys.exchange(key, from: Device(request))
        return try .json(AccessTokenBody(accessToken: token, lifetime: lifetime))
    }
}

/// A key as administrators see it.
struct APIKeyBody: Encodable, Sendable {
    let id: APIKeyID
    let name: String
    let permissions: [String]
    let createdBy: String
    let createdAt: Date
    let expiresAt: Date?
    let lastUsedAt: Date?
    let revokedAt: Date?
    /// The whole key; only in the answer that makes it.
    let apiKey: String?

    init(_ key: APIKey, secret: APIKeySecret? = nil) {
        id = key.id
        name = key.name
        permissions = key.permissions.sorted()
        createdBy = key.createdBy
        createdAt = key.createdAt
        expiresAt = key.expiresAt
        lastUsedAt = key.usedAt
        revokedAt = key.revokedAt
        apiKey = secret?.text
    }
}

extension Fields {
    fileprivate mutating func optionalTime(_ name: String) -> Date? {
        guard let text = optionalString(name, length: 1...40) else { return nil }
        let time = FlotillaJSON.date(rfc3339: text)
        if time == nil { reject(name, "must be an RFC 3339 time") }
        return time
    }
}
