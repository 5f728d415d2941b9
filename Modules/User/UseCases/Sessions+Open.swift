import EventBus
import Events
import Foundation
import Storage
import UserContract
import Web

extension Sessions {
    /// A log-in whose password was right.
    struct Opening: Sendable {
        /// The user as they were when the password was looked at.
        let known: User
        /// A better hash of the same password.
        let newHash: String?
        let attempt: LogInAttempt
        let throttle: ThrottleKey
        let emailHash: String
    }

    /// What a transaction makes of it. A wrong code is counted, so that must commit, too.
    enum Opened: Sendable {
        case opened(Open)
        case factorNeeded(OneTimeToken)
        case wrongCode
        case changed
    }

    func open(
        _ opening: Opening, at now: Date, in transaction: Transaction,
        _ ended: inout AccessEnding.Ended
    ) throws -> Opened {
        let (user, attempt) = (opening.known, opening.attempt)
        // The password may have been changed, or the account deleted, while it was verified.
        let current = try users.find(user.id, in: transaction)
        guard let current, current.passwordHash == user.passwordHash,
            current.status == user.status
        else { return .changed }
        if let newHash = opening.newHash {
            try users.renew(newHash, over: user.passwordHash, of: user.id, in: transaction)
        }
        try throttles.clear(opening.throttle, in: transaction)
        guard try codes.store.isOn(user.id, in: transaction) else {
            return .opened(
                try open(
                    user.id, on: attempt.device, method: "password", .oneFactor, at: now,
                    in: transaction, &ended))
        }
        guard let code = attempt.code else {
            let token = OneTimeToken()
            _ = try tokens.issue(token, .secondFactor, of: user.id, at: now, in: transaction)
            return .factorNeeded(token)
        }
        return try open(
            user.id, code, emailHash: opening.emailHash, on: attempt.device, at: now,
            in: transaction, &ended)
    }

    /// Opens a session with the token of a right password and a second factor.
    ///
    /// - Throws: ``UserError/tokenSpent``, ``UserError/wrongCode``; `Problem` 429.
    func complete(
        _ token: OneTimeToken, with code: FactorCode, on device: Device
    ) async throws -> TokenPair {
        try await bounded(device) {
            let now = now().wholeMilliseconds
            let opened = try await ending.write { transaction, ended -> Opened in
                let grant = try tokens.find(token, .secondFactor, at: now, in: transaction)
                guard let grant, let user = try users.find(grant.userID, in: transaction),
                    user.status != .suspended
                else { return .changed }
                let emailHash = try secrets.keyedHash(of: user.email.key, for: "email-hash")
                let opened = try open(
                    user.id, code, emailHash: emailHash, on: device, at: now, in: transaction,
                    &ended)
                if case .opened = opened {
                    _ = try tokens.spend(token, .secondFactor, at: now, in: transaction)
                }
                return opened
            }
            switch opened {
            case .opened(let open): return try await pair(open, at: now)
            case .wrongCode: throw UserError.wrongCode
            case .changed, .factorNeeded: throw UserError.tokenSpent
            }
        }
    }

    private func open(
        _ user: UserID, _ code: FactorCode, emailHash: String, on device: Device, at now: Date,
        in transaction: Transaction, _ ended: inout AccessEnding.Ended
    ) throws -> Opened {
        guard try codes.take(code, of: user, at: now, in: transaction) else {
            try outbox.publish(
                UserLoginFailed(
                    userID: user, emailHash: emailHash, ipAddress: device.ipAddress,
                    userAgent: device.userAgent, reason: "wrong_code", failedAt: now),
                in: transaction)
            return .wrongCode
        }
        return .opened(
            try open(
                user, on: device, method: code.method, .twoFactors, at: now, in: transaction,
                &ended))
    }
}
