import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Platform
import Settings
import Testing
import Web

@testable import flotilla

@Suite(.serialized) struct `Authorizing routes` {
    /// Whom a route lets in.
    private enum Gate: Sendable {
        case anyone, users, support, administrators, keyMakers
        /// Whoever has the permissions of a shop: products, stock, prices, orders, payments.
        case clerks
    }

    /// Every route of the program. A new one fails here until somebody has said who may call it.
    private static let matrix: [String: Gate] = [
        "POST /api/v1/users": .anyone,
        "POST /api/v1/sessions": .anyone,
        "POST /api/v1/sessions/refresh": .anyone,
        "POST /api/v1/sessions/second-factor": .anyone,
        "POST /api/v1/sessions/step-up": .users,
        "GET /api/v1/sessions": .users,
        "DELETE /api/v1/sessions/{id}": .users,
        "DELETE /api/v1/users/{id}/sessions": .administrators,
        "DELETE /api/v1/users/{id}/sessions/{session}": .administrators,
        "DELETE /api/v1/users/{id}/log-in-delays": .administrators,
        "DELETE /api/v1/users/{id}/mfa": .administrators,
        "POST /api/v1/email-verifications": .users,
        "POST /api/v1/email-verifications/confirm": .anyone,
        "POST /api/v1/password-resets": .anyone,
        "POST /api/v1/password-resets/confirm": .anyone,
        "POST /api/v1/users/me/email": .users,
        "POST /api/v1/email-changes/confirm": .anyone,
        "POST /api/v1/email-changes/undo": .anyone,
        "POST /api/v1/users/me/mfa/totp": .users,
        "POST /api/v1/users/me/mfa/totp/confirm": .users,
        "DELETE /api/v1/users/me/mfa/totp": .users,
        "POST /api/v1/users/me/mfa/recovery-codes": .users,
        "GET /api/v1/users/me/addresses": .users,
        "POST /api/v1/users/me/addresses": .users,
        "GET /api/v1/users/me/addresses/{id}": .users,
        "PUT /api/v1/users/me/addresses/{id}": .users,
        "DELETE /api/v1/users/me/addresses/{id}": .users,
        "GET /api/v1/users/me/export": .users,
        "PATCH /api/v1/users/me": .users,
        "GET /api/v1/users/{id}/public": .anyone,
        "GET /api/v1/api-keys": .keyMakers,
        "POST /api/v1/api-keys": .keyMakers,
        "POST /api/v1/api-keys/{id}/rotate": .keyMakers,
        "DELETE /api/v1/api-keys/{id}": .keyMakers,
        "POST /api/v1/api-keys/token": .anyone,
        "GET /api/v1/users/me": .users,
        "PUT /api/v1/users/me": .users,
        "DELETE /api/v1/users/me": .users,
        "POST /api/v1/users/me/password": .users,
        "GET /api/v1/users": .support,
        "GET /api/v1/users/{id}": .support,
        "PUT /api/v1/users/{id}/status": .administrators,
        "GET /api/v1/roles": .support,
        "POST /api/v1/roles": .administrators,
        "PUT /api/v1/users/{id}/roles/{role}": .administrators,
        "DELETE /api/v1/users/{id}/roles/{role}": .administrators,
        "GET /.well-known/jwks.json": .anyone,
        "GET /account/verify-email": .anyone,
        "GET /account/reset-password": .anyone,
        "GET /account/confirm-email-change": .anyone,
        "GET /account/undo-email-change": .anyone,
        "GET /account/account.js": .anyone,
        "GET /account/account.css": .anyone,
        "GET /api/v1/orders": .users,
        "POST /api/v1/orders": .users,
        "GET /api/v1/orders/{id}": .users,
        "POST /api/v1/orders/{id}/payments": .users,
        "GET /api/v1/orders/{id}/cancellation": .users,
        "POST /api/v1/orders/{id}/cancellation": .users,
        "GET /api/v1/orders/{id}/timeline": .users,
        "GET /api/v1/admin/orders": .clerks,
        "GET /api/v1/admin/orders/{id}": .clerks,
        "GET /api/v1/admin/orders/{id}/timeline": .clerks,
        "POST /api/v1/admin/orders/{id}/cancellation": .clerks,
        "POST /api/v1/admin/orders/{id}/refunds": .clerks,
        "PUT /api/v1/admin/orders/{id}/fulfilment": .clerks,
        "GET /api/v1/products": .anyone,
        "POST /api/v1/products": .clerks,
        "GET /api/v1/products/{id}": .anyone,
        "PUT /api/v1/products/{id}": .clerks,
        "DELETE /api/v1/products/{id}": .clerks,
        "GET /api/v1/products/{id}/price-history": .anyone,
        "GET /api/v1/products/{id}/offers": .anyone,
        "GET /api/v1/admin/products": .clerks,
        "GET /api/v1/admin/products/{id}": .clerks,
        "GET /api/v1/categories": .anyone,
        "POST /api/v1/categories": .clerks,
        "PUT /api/v1/categories/{id}": .clerks,
        "DELETE /api/v1/categories/{id}": .clerks,
        "GET /api/v1/variants/{id}/stock": .clerks,
        "PUT /api/v1/variants/{id}/stock": .clerks,
        "POST /api/v1/variants/{id}/stock/adjustments": .clerks,
        "GET /api/v1/variants/{id}/stock/movements": .clerks,
        "POST /api/v1/quotes": .users,
        "GET /api/v1/quotes/{id}": .users,
        "GET /api/v1/pricing-rules": .clerks,
        "POST /api/v1/pricing-rules": .clerks,
        "PUT /api/v1/pricing-rules/{id}": .clerks,
        "DELETE /api/v1/pricing-rules/{id}": .clerks,
        "GET /api/v1/recommendations": .users,
        "GET /api/v1/payments": .clerks,
        "GET /api/v1/payments/{id}": .clerks,
        "POST /api/v1/payments/{id}/capture": .clerks,
        "POST /api/v1/payments/{id}/void": .clerks,
        "POST /api/v1/payments/{id}/checks": .clerks,
        "POST /api/v1/payments/webhooks": .anyone,
        "GET /api/v1/notifications": .users,
        "GET /api/v1/search/users": .support,
        "GET /api/v1/audit/events": .support,
        "GET /api/v1/admin/events/{id}": .support,
        "GET /api/v1/admin/consumers": .support,
        "GET /api/v1/admin/dead-letters": .support,
        "GET /api/v1/admin/dead-letters/{id}": .support,
        "POST /api/v1/admin/dead-letters/{id}/retry": .administrators,
        "DELETE /api/v1/admin/dead-letters/{id}": .administrators,
        "POST /api/v1/admin/consumers/{consumer}/replay": .administrators,
        "GET /health/live": .anyone,
        "GET /health/ready": .anyone,
        "GET /health/startup": .anyone,
        "GET /health/integrations": .anyone,
    ]

    /// Who calls.
    private enum Caller: String, CaseIterable {
        case nobody, forger, customer, otherCustomer, support, clerk, administrator, apiKey
    }

    /// What a gate says: the status that turns a caller away, or `nil` for those it lets in.
    private static func refusal(_ caller: Caller, at gate: Gate) -> Int? {
        switch (caller, gate) {
        case (_, .anyone): nil
        case (.nobody, _), (.forger, _): 401
        case (.customer, .users), (.otherCustomer, .users), (.support, .users),
            (.support, .support), (.clerk, .users), (.clerk, .clerks), (.administrator, _):
            nil
        // It may manage keys, and nothing else; and it is nobody who could have anything.
        case (.apiKey, .keyMakers): nil
        case (.customer, _), (.otherCustomer, _), (.support, _), (.clerk, _), (.apiKey, _): 403
        }
    }

    @Test func `every route lets in whom the matrix says, and nobody else`() async throws {
        let directory = try TemporaryDirectory()
        let settings = try Settings.load(
            file: nil,
            flags: [
                "storage.url": "sqlite:\(directory.path)",
                "mail.url": "file:\(directory.path)/mail", "user.failureFloor": "0ms",
            ], environment: [:], catalogue: ModuleList().catalogue)
        let composition = try Composition(list: ModuleList(), settings: settings)
        try await composition.migrate()
        let routes =
            composition.modules.flatMap(\.routes) + AdminRoutes(composition: composition).all
            + Health(composition).routes
        let names = routes.map { "\($0.method.rawValue) \($0.path)" }
        #expect(Set(names) == Set(Self.matrix.keys))
        #expect(names.count == Self.matrix.count)
        for (name, route) in zip(names, routes) {
            guard let gate = Self.matrix[name] else { continue }
            for caller in Caller.allCases {
                let (status, isTurnedAway) = try await answer(
                    of: route, for: caller, routes, composition)
                if let refusal = Self.refusal(caller, at: gate) {
                    #expect(status == refusal && isTurnedAway, "\(name) as \(caller)")
                } else {
                    #expect(!isTurnedAway, "\(name) as \(caller): \(status)")
                }
            }
        }
        await composition.close()
    }

    /// What a gate says; what lies behind it has words of its own.
    private static let refusals: Set<JSONValue?> = [
        .string("auth.unauthorized"), .string("auth.forbidden"),
        .string("auth.user_required"),
    ]

    private func answer(
        of route: Route, for caller: Caller, _ routes: [Route], _ composition: Composition
    ) async throws -> (status: Int, isTurnedAway: Bool) {
        let verifier = try await composition.tokenKeys.verifier(
            composition.settings, endedAccess: EndedAccess())
        let path = route.path.replacing("{id}", with: UUID().uuidString)
            .replacing("{session}", with: UUID().uuidString)
            .replacing("{role}", with: "nothing").replacing("{consumer}", with: "nobody")
        var headers: HTTPFields = [.contentType: "application/json"]
        if let token = try await token(of: caller, composition) {
            headers[.authorization] = "Bearer \(token)"
        }
        let answer = try await TestAnswer.of(
            routes, verifier: verifier, to: route.method, path, headers: headers,
            body: route.method == .get ? nil : "{}")
        guard answer.status.code >= 400, case .object(let problem) = try answer.json() else {
            return (answer.status.code, false)
        }
        return (answer.status.code, Self.refusals.contains(problem["code"]))
    }

    private func token(of caller: Caller, _ composition: Composition) async throws -> String? {
        let roles: Set<String>
        var kind = Principal.Kind.user
        var permissions: Set<String> = []
        switch caller {
        case .nobody: return nil
        case .forger, .administrator: roles = ["admin"]
        case .customer, .otherCustomer: roles = ["customer"]
        case .apiKey:
            (roles, kind) = ([], .service)
            permissions = ["api-keys:manage"]
        case .clerk:
            roles = ["customer", "clerk"]
            permissions = [
                "products:write", "inventory:read", "inventory:write", "pricing:write",
                "orders:read", "orders:write", "payments:read", "payments:write",
            ]
        case .support:
            roles = ["customer", "support"]
            permissions = ["users:read", "search:users", "audit:read", "admin:events"]
        }
        let own = try #require(composition.tokenKeys.signingKey)
        let key = caller == .forger ? try SigningKey(pem: SigningKey.generatePEM()) : own
        return try await AccessTokenSigner(key: key).sign(
            AccessTokenClaims(
                principal: Principal(
                    userID: UserID(), sessionID: UUID().uuidString.lowercased(), roles: roles,
                    permissions: permissions, kind: kind, authenticatedAt: Date()),
                issuer: composition.settings[AuthSettings.issuer],
                audience: composition.settings[AuthSettings.audience], issuedAt: Date(),
                lifetime: .seconds(600)))
    }
}
