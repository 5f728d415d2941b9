import Events
import Foundation
import Storage

/// A second factor as a client shows it.
enum FactorCode: Sendable {
    /// Six digits of an authenticator.
    case totp(String)
    case recovery(String)

    /// How the user proves who they are with it.
    var method: String {
        switch self {
        case .totp: "totp"
        case .recovery: "recovery_code"
        }
    }
}

/// Codes of second factors: each taken once, and wrong ones counted, whatever they come with.
struct FactorCodes: Sendable {
    let secrets: AccountSecrets
    let store = FactorStore()
    let throttles = ThrottleStore()

    /// Takes a code of a user whose second factor is on, or is being confirmed.
    ///
    /// A wrong one is counted in the same transaction, which therefore must commit.
    ///
    /// - Returns: whether it was right; `false`, too, while there were too many wrong ones.
    /// - Throws: `SealingKeysError` when the secret can't be read any more; `StorageError`.
    func take(
        _ code: FactorCode, of user: UserID, at now: Date, in transaction: Transaction
    ) throws -> Bool {
        let key = Self.key(of: user)
        guard try throttles.wait(key, at: now, in: transaction) == nil else { return false }
        if try isRight(code, of: user, at: now, in: transaction) {
            try throttles.clear(key, in: transaction)
            return true
        }
        try throttles.count(key, at: now, in: transaction)
        return false
    }

    static func key(of user: UserID) -> ThrottleKey { ThrottleKey(.code, user.description) }

    private func isRight(
        _ code: FactorCode, of user: UserID, at now: Date, in transaction: Transaction
    ) throws -> Bool {
        switch code {
        case .totp(let text):
            guard let factor = try store.find(user, in: transaction), TOTP.isCode(text) else {
                return false
            }
            let totp = try secrets.open(factor.sealedSecret, of: user)
            guard let step = totp.step(of: text, at: now),
                try store.take(step: step, of: user, in: transaction)
            else { return false }
            if !secrets.isCurrent(factor.sealedSecret) {
                let sealed = try secrets.seal(totp, of: user)
                try store.reseal(factor.sealedSecret, as: sealed, of: user, in: transaction)
            }
            return true
        case .recovery(let text):
            return try RecoveryCode(text).map { try store.take($0, of: user, in: transaction) }
                ?? false
        }
    }
}
