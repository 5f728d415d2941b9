import Events
import Foundation
import HTTPTypes
import UserContract
import Web

/// The endpoints of roles.
struct RoleRoutes: Sendable {
    let roles: Roles

    var all: [Route] {
        let assignment = "/api/v1/users/{id}/roles/{role}"
        return [
            .get("/api/v1/roles", access: .permission("users:read"), list),
            .post("/api/v1/roles", access: .permission("roles:manage"), create),
            .put(assignment, access: .permission("roles:manage"), assign),
            Route(.delete, assignment, access: .permission("roles:manage"), revoke),
        ]
    }

    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        try .json(Page(items: try await roles.list().map(RoleBody.init), nextCursor: nil))
    }

    @Sendable private func create(_ request: WebRequest) async throws -> WebResponse {
        let (name, permissions) = try request.decode { fields in
            (fields.roleName("name"), fields.permissions("permissions"))
        }
        let role = try await roles.create(
            name, permissions: permissions, by: try request.caller())
        return try .created(RoleBody(role), at: "/api/v1/roles")
    }

    @Sendable private func assign(_ request: WebRequest) async throws -> WebResponse {
        try await roles.assign(
            request.parameters["role"] ?? "", to: try request.id(), by: try request.caller())
        return .noContent
    }

    @Sendable private func revoke(_ request: WebRequest) async throws -> WebResponse {
        try await roles.revoke(
            request.parameters["role"] ?? "", from: try request.id(), by: try request.caller())
        return .noContent
    }
}

/// A role as administrators see it.
struct RoleBody: Encodable, Sendable {
    let id: RoleID
    let name: String
    let permissions: [String]

    init(_ role: Role) {
        id = role.id
        name = role.name
        permissions = role.permissions.sorted()
    }
}

extension Fields {
    fileprivate mutating func roleName(_ name: String) -> String {
        let text = string(name, length: 1...50)
        if !text.isEmpty, !Role.isName(text) {
            reject(name, "must be lower-case letters, digits and hyphens, a letter first")
        }
        return text
    }

    mutating func permissions(_ name: String) -> Set<String> {
        let texts = strings(name, count: 0...100, length: 1...100)
        for (index, text) in texts.enumerated()
        where !text.isEmpty && text.wholeMatch(of: /[a-z][a-z-]*:[a-z][a-z-]*/) == nil {
            reject("\(name)/\(index)", "must be like orders:read")
        }
        return Set(texts)
    }
}
