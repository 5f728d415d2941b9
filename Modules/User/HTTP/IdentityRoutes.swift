import Events
import Foundation
import HTTPTypes
import Web

/// The endpoints of what proves who somebody is: mails, passwords and second factors.
struct IdentityRoutes: Sendable {
    /// Bytes of a body with secrets: none of them is long, and long ones would cost work.
    static let bodyByteCountMax = 16 * 1_024

    let users: Users
    let verifications: EmailVerifications
    let resets: PasswordResets
    let emailChanges: EmailChanges
    let factors: SecondFactors

    var all: [Route] {
        let totp = "/api/v1/users/me/mfa/totp"
        return [
            .post("/api/v1/email-verifications", access: .authenticated, requestVerification),
            .post("/api/v1/email-verifications/confirm", access: .anyone, confirmVerification),
            .post("/api/v1/password-resets", access: .anyone, requestReset),
            .post("/api/v1/password-resets/confirm", access: .anyone, confirmReset),
            .post("/api/v1/users/me/email", access: .authenticated, requestEmailChange),
            .post("/api/v1/email-changes/confirm", access: .anyone, confirmEmailChange),
            .post("/api/v1/email-changes/undo", access: .anyone, undoEmailChange),
            .post("/api/v1/users/me/password", access: .authenticated, changePassword),
            .post(totp, access: .authenticated, enrol),
            .post(totp + "/confirm", access: .authenticated, confirmFactor),
            Route(.delete, totp, access: .authenticated, disableFactor),
            .post("/api/v1/users/me/mfa/recovery-codes", access: .authenticated, renewCodes),
        ].map { $0.limitingBody(to: Self.bodyByteCountMax) }
    }

    @Sendable private func requestVerification(
        _ request: WebRequest
    ) async throws -> WebResponse {
        try await verifications.request(of: try request.caller().userID)
        return WebResponse(status: .accepted)
    }

    @Sendable private func confirmVerification(
        _ request: WebRequest
    ) async throws -> WebResponse {
        try await verifications.confirm(try request.mailedToken(), from: Device(request))
        return .noContent
    }

    @Sendable private func requestReset(_ request: WebRequest) async throws -> WebResponse {
        let typed = try request.decode { $0.string("email", length: 1...254) }
        try await resets.request(EmailAddress(typed), typed: typed, from: Device(request))
        return WebResponse(status: .accepted)
    }

    @Sendable private func confirmReset(_ request: WebRequest) async throws -> WebResponse {
        let (token, password) = try request.decode {
            ($0.secret("token", length: 1...200), $0.password("newPassword"))
        }
        try await resets.confirm(OneTimeToken(token), password, from: Device(request))
        return .noContent
    }

    @Sendable private func requestEmailChange(
        _ request: WebRequest
    ) async throws -> WebResponse {
        let (email, proof) = try request.decode { ($0.email("newEmail"), $0.proof()) }
        guard let email else { throw Problem.invalid([]) }
        try await emailChanges.request(email, of: try request.caller(), proof)
        return WebResponse(status: .accepted)
    }

    @Sendable private func confirmEmailChange(
        _ request: WebRequest
    ) async throws -> WebResponse {
        try await emailChanges.confirm(try request.mailedToken())
        return .noContent
    }

    @Sendable private func undoEmailChange(_ request: WebRequest) async throws -> WebResponse {
        try await emailChanges.undo(try request.mailedToken())
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

    @Sendable private func enrol(_ request: WebRequest) async throws -> WebResponse {
        let enrolment = try await factors.enrol(try request.caller(), try request.proof())
        return try .json(
            ["secret": enrolment.secret, "otpauthUri": enrolment.uri], status: .created)
    }

    @Sendable private func confirmFactor(_ request: WebRequest) async throws -> WebResponse {
        let code = try request.decode { fields in
            fields.string(fields.has("code") ? "code" : "totp", length: 1...64)
        }
        return try .json(
            ConfirmationBody(try await factors.confirm(code, try request.caller())))
    }

    @Sendable private func disableFactor(_ request: WebRequest) async throws -> WebResponse {
        try await factors.disable(try request.caller(), try request.proof())
        return .noContent
    }

    @Sendable private func renewCodes(_ request: WebRequest) async throws -> WebResponse {
        try .json(
            [
                "recoveryCodes": try await factors.renewCodes(
                    try request.caller(), try request.proof())
            ])
    }
}

private struct ConfirmationBody: Encodable, Sendable {
    /// Shown once.
    let recoveryCodes: [String]
    /// Of the caller's session, which has two factors now.
    let accessToken: String
    let tokenType = "Bearer"
    let expiresIn = Sessions.accessTokenLifetime.components.seconds

    init(_ confirmation: SecondFactors.Confirmation) {
        recoveryCodes = confirmation.recoveryCodes
        accessToken = confirmation.accessToken
    }
}
