import Events
import Foundation
import Platform
import Storage
import Web

/// What somebody shows once more, beside the access token.
struct Proof: Sendable {
    var currentPassword: Password?
    var code: FactorCode?
}

/// Asks people who are logged in to prove once more who they are, before what a stolen token must
/// not do.
struct Reauthentication: Sendable {
    /// A proof is good for so long, be it a log-in.
    static let windowSeconds = 300.0

    let database: Database
    let hasher: PasswordHasher
    let codes: FactorCodes
    let now: @Sendable () -> Date
    let users = UserStore()
    let throttles = ThrottleStore()
    let turns = KeyedTurns(patience: .seconds(3))

    /// Makes sure that the caller proved lately who they are: with a password, and with the second
    /// factor where there is one.
    ///
    /// - Throws: ``UserError/reauthenticationRequired`` when something is missing,
    ///   ``UserError/wrongPassword``, ``UserError/wrongCode``, ``UserError/notFound``; `Problem`
    ///   429.
    func require(_ proof: Proof, of caller: Principal) async throws {
        let isFresh =
            caller.authenticatedAt.map {
                now().timeIntervalSince($0) < Self.windowSeconds
            } ?? false
        let hasFactor = try await database.read {
            try codes.store.isOn(caller.userID, in: $0)
        }
        let needsCode = hasFactor && !(isFresh && caller.assurance == .twoFactors)
        guard isFresh || proof.currentPassword != nil, !needsCode || proof.code != nil else {
            throw UserError.reauthenticationRequired
        }
        if !isFresh, let password = proof.currentPassword {
            _ = try await verify(password, of: caller.userID)
        }
        if needsCode, let code = proof.code { try await verify(code, of: caller.userID) }
    }

    /// Makes sure that a password is the user's present one; wrong ones are counted.
    ///
    /// - Returns: the user as they were when it was looked at.
    /// - Throws: ``UserError/wrongPassword``, ``UserError/notFound``; `Problem` 429, 503.
    func verify(_ password: Password, of id: UserID) async throws -> User {
        let key = ThrottleKey(.reauthentication, id.description)
        do {
            return try await turns.run(id.description) {
                let (user, wait) = try await database.read { transaction in
                    (
                        try users.find(id, in: transaction),
                        try throttles.wait(key, at: now(), in: transaction)
                    )
                }
                guard let user else { throw UserError.notFound }
                if let wait { throw Problem.rateLimited("too many wrong passwords", wait: wait) }
                guard try await hasher.verify(password, against: user.passwordHash).isRight else {
                    try await database.write {
                        _ = try throttles.count(key, at: now(), in: $0)
                    }
                    throw UserError.wrongPassword
                }
                try await database.write { try throttles.clear(key, in: $0) }
                return user
            }
        } catch is Overloaded {
            throw Problem.unavailable("too many log-ins at once", retryAfterSeconds: 2)
        }
    }

    /// Makes sure that a code is the user's, and takes it.
    ///
    /// - Throws: ``UserError/wrongCode``.
    func verify(_ code: FactorCode, of id: UserID) async throws {
        let now = now().wholeMilliseconds
        let isRight = try await database.write { transaction in
            try codes.take(code, of: id, at: now, in: transaction)
        }
        guard isRight else { throw UserError.wrongCode }
    }
}
