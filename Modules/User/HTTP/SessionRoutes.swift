import Events
import Foundation
import HTTPTypes
import Web

/// The endpoints of log-ins and sessions.
struct SessionRoutes: Sendable {
    let sessions: Sessions
    let factors: SecondFactors

    var all: [Route] {
        let mine = "/api/v1/sessions/{id}"
        let theirs = "/api/v1/users/{id}/sessions"
        return [
            .post("/api/v1/sessions", access: .anyone, logIn),
            .post("/api/v1/sessions/second-factor", access: .anyone, complete),
            .post("/api/v1/sessions/refresh", access: .anyone, refresh),
            .post("/api/v1/sessions/step-up", access: .authenticated, stepUp),
            .get("/api/v1/sessions", access: .authenticated, list),
            Route(.delete, mine, access: .authenticated, end),
            Route(.delete, theirs, access: .permission("users:manage"), endAllOfOther),
            Route(
                .delete, theirs + "/{session}", access: .permission("users:manage"),
                endOneOfOther),
            Route(
                .delete, "/api/v1/users/{id}/log-in-delays",
                access: .permission("users:manage"), unblock),
        ].map { $0.limitingBody(to: IdentityRoutes.bodyByteCountMax) }
    }

    @Sendable private func logIn(_ request: WebRequest) async throws -> WebResponse {
        let (typed, password, code) = try request.decode {
            (
                $0.string("email", length: 1...254), $0.secret("password", length: 1...256),
                $0.factorCode()
            )
        }
        let outcome = try await sessions.logIn(
            LogInAttempt(
                email: EmailAddress(typed), typed: typed, password: Password(password),
                code: code, device: Device(request)))
        switch outcome {
        case .opened(let pair): return try .json(TokenBody(pair), status: .created)
        case .factorNeeded(let token): throw Problem.factorNeeded(token)
        }
    }

    @Sendable private func complete(_ request: WebRequest) async throws -> WebResponse {
        let (token, code) = try request.decode { fields in
            (fields.secret("mfaToken", length: 1...200), fields.requiredFactorCode())
        }
        guard let code else { throw Problem.invalid([]) }
        let pair = try await sessions.complete(
            OneTimeToken(token), with: code, on: Device(request))
        return try .json(TokenBody(pair), status: .created)
    }

    @Sendable private func refresh(_ request: WebRequest) async throws -> WebResponse {
        let token = try request.decode { $0.secret("refreshToken", length: 1...200) }
        return try .json(TokenBody(try await sessions.refresh(RefreshToken(token))))
    }

    @Sendable private func stepUp(_ request: WebRequest) async throws -> WebResponse {
        let token = try await factors.stepUp(try request.caller(), try request.proof())
        return try .json(AccessTokenBody(accessToken: token))
    }

    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        let caller = try request.caller()
        let sessions = try await sessions.list(of: caller.userID)
        return try .json(
            Page(
                items: sessions.map { SessionBody($0, current: caller.sessionID) },
                nextCursor: nil))
    }

    @Sendable private func end(_ request: WebRequest) async throws -> WebResponse {
        let caller = try request.caller()
        switch request.parameters["id"] {
        case "all": try await sessions.endAll(of: caller.userID)
        case "others":
            try await sessions.endAll(of: caller.userID, except: SessionID(caller.sessionID))
        case let name:
            let id = name == "current" ? caller.sessionID : name
            guard let id = id.flatMap({ SessionID($0) }) else { throw UserError.sessionNotFound }
            try await sessions.end(id, of: caller.userID)
        }
        return .noContent
    }

    @Sendable private func endAllOfOther(_ request: WebRequest) async throws -> WebResponse {
        try await sessions.end(nil, ofOther: try request.id(), by: try request.caller())
        return .noContent
    }

    @Sendable private func endOneOfOther(_ request: WebRequest) async throws -> WebResponse {
        try await sessions.end(
            try request.id("session", as: SessionID.self), ofOther: try request.id(),
            by: try request.caller())
        return .noContent
    }

    @Sendable private func unblock(_ request: WebRequest) async throws -> WebResponse {
        try await sessions.unblock(try request.id())
        return .noContent
    }
}

extension Problem {
    /// 401: the password was right, and the second factor is awaited.
    fileprivate static func factorNeeded(_ token: OneTimeToken) -> Problem {
        Problem(
            status: .unauthorized, code: "auth.mfa_required",
            detail: "this account has a second factor: send its code with the password as totp,"
                + " or with mfaToken to /api/v1/sessions/second-factor",
            extensions: ["mfaToken": token.text])
    }
}
