import EventBus
import Events
import Foundation
import Logging
import Platform
import Storage
import UserContract
import Web

/// What somebody sends to log in.
struct LogInAttempt: Sendable {
    let email: EmailAddress?
    /// The address as it was typed.
    let typed: String
    let password: Password
    let code: FactorCode?
    let device: Device

    /// What attempts are counted under, whether there is such an account or not.
    var identifier: String {
        email?.key ?? typed.trimmingCharacters(in: .whitespaces).lowercased()
    }
}

extension Sessions {
    /// Waiting log-ins of one account; with 15 ms each, some two seconds.
    private static let lineMax = 130

    /// Opens a session, or says that the second factor is awaited.
    ///
    /// An unknown address costs the same time as a wrong password and gets the same answer, also
    /// while too many were wrong; only who knows the password learns more. Stored hashes may be of
    /// several costs, so failures take a fixed time on top; it passes without holding a thread.
    ///
    /// - Throws: ``UserError/wrongCredentials``, ``UserError/suspended``,
    ///   ``UserError/emailNotVerified``, ``UserError/wrongCode``; `Problem` 429, 503.
    func logIn(_ attempt: LogInAttempt) async throws -> Outcome {
        try await LogInMetrics.counting {
            try await logInUncounted(attempt)
        }
    }

    private func logInUncounted(_ attempt: LogInAttempt) async throws -> Outcome {
        try await bounded(attempt.device) {
            let identifier = try secrets.keyedHash(of: attempt.identifier, for: "email-hash")
            return try await turns.run(identifier, lineMax: Self.lineMax) {
                // A hash that another log-in renews meanwhile is looked at again, once.
                if let outcome = try await tryOnce(attempt, identifier) { return outcome }
                guard let outcome = try await tryOnce(attempt, identifier) else {
                    throw UserError.wrongCredentials
                }
                return outcome
            }
        }
    }

    /// Bounds what a client address can try, and hides in its time why something failed.
    ///
    /// - Throws: what the attempt throws; `Problem` 429, 503.
    func bounded<T: Sendable>(
        _ device: Device, _ attempt: () async throws -> T
    ) async throws -> T {
        if let wait = policy.failures.shortage(of: device.ipAddress) {
            throw Problem.rateLimited("too many failures from this address", wait: wait)
        }
        return try await policy.failureFloor.hold {
            do {
                return try await attempt()
            } catch is Overloaded {
                throw Problem.unavailable("too many log-ins at once", retryAfterSeconds: 2)
            } catch let refusal as UserError {
                policy.failures.charge(device.ipAddress)
                throw refusal
            }
        }
    }

    /// What is known of an account before the password is looked at.
    private struct Account: Sendable {
        let user: User?
        let throttle: ThrottleKey
        let isBlocked: Bool
    }

    /// - Returns: `nil` when the password was changed or its hash renewed meanwhile.
    private func tryOnce(
        _ attempt: LogInAttempt, _ identifier: String
    ) async throws -> Outcome? {
        let now = now().wholeMilliseconds
        let account = try await account(attempt, identifier, at: now)
        guard !account.isBlocked else {
            throw try await fail(attempt, identifier, account, .throttled)
        }
        let verdict = try await hasher.verify(
            attempt.password, against: account.user?.passwordHash ?? PasswordHasher.decoy)
        guard let user = account.user else {
            throw try await fail(attempt, identifier, account, .unknownUser)
        }
        guard verdict.isRight else {
            throw try await fail(attempt, identifier, account, .wrongPassword)
        }
        guard user.status != .suspended else {
            throw try await fail(attempt, identifier, account, .suspended)
        }
        guard user.status != .pendingVerification || !policy.requiresVerifiedEmail else {
            throw try await fail(attempt, identifier, account, .notVerified)
        }
        let newHash =
            verdict.isOutdated ? await renewedHash(of: attempt.password, user.id) : nil
        let opening = Opening(
            known: user, newHash: newHash, attempt: attempt, throttle: account.throttle,
            emailHash: identifier)
        switch try await ending.write({ try open(opening, at: now, in: $0, &$1) }) {
        case .opened(let open): return .opened(try await pair(open, at: now))
        case .factorNeeded(let token): return .factorNeeded(token)
        case .wrongCode: throw UserError.wrongCode
        case .changed: return nil
        }
    }

    private func account(
        _ attempt: LogInAttempt, _ identifier: String, at now: Date
    ) async throws -> Account {
        let print = try print(of: attempt.device)
        return try await database.read { transaction in
            let user = try attempt.email.flatMap { try users.find($0, in: transaction) }
            // Who attacks an account from elsewhere does not hold up a device that its user has.
            let isKnown =
                try user.map {
                    try devices.isKnown(print, of: $0.id, at: now, in: transaction)
                } ?? false
            let key =
                isKnown
                ? ThrottleKey(.logIn, identifier, print.network, print.agent)
                : ThrottleKey(.logIn, identifier)
            return Account(
                user: user, throttle: key,
                isBlocked: try throttles.wait(key, at: now, in: transaction) != nil)
        }
    }

    /// Why a log-in failed: what the event says, and what the client may know.
    private enum Failure: String {
        case unknownUser = "unknown_user"
        case wrongPassword = "wrong_password"
        case throttled
        case suspended
        case notVerified = "not_verified"
    }

    /// Counts a wrong password and tells it.
    ///
    /// - Returns: what the client may know of it.
    private func fail(
        _ attempt: LogInAttempt, _ identifier: String, _ account: Account, _ failure: Failure
    ) async throws -> UserError {
        let isConcealed = failure == .notVerified && policy.concealsAccounts
        try await database.write { transaction in
            let now = now().wholeMilliseconds
            switch failure {
            case .unknownUser, .wrongPassword:
                try throttles.count(account.throttle, at: now, in: transaction)
            case .notVerified where isConcealed:
                try throttles.count(account.throttle, at: now, in: transaction)
            case .throttled, .suspended, .notVerified: break
            }
            try outbox.publish(
                UserLoginFailed(
                    userID: account.user?.id, emailHash: identifier,
                    ipAddress: attempt.device.ipAddress, userAgent: attempt.device.userAgent,
                    reason: failure.rawValue, failedAt: now), in: transaction)
        }
        return switch failure {
        case .suspended: .suspended
        case .notVerified where !isConcealed: .emailNotVerified
        case .unknownUser, .wrongPassword, .throttled, .notVerified: .wrongCredentials
        }
    }

    /// A log-in does not fail for it: the old hash is as good as it was.
    private func renewedHash(of password: Password, _ user: UserID) async -> String? {
        do {
            return try await hasher.hash(password)
        } catch {
            logger.warning(
                "a password's hash was not renewed", error: error,
                metadata: ["user.id": "\(user)"])
            return nil
        }
    }
}
