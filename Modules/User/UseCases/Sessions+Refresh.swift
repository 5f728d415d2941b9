import Events
import Foundation
import Storage
import Web

extension Sessions {
    /// How long the token before the newest is still taken for it: two tabs refresh at once, and an
    /// answer gets lost on its way.
    static let graceSeconds = 30.0

    /// Spends a refresh token for a new pair.
    ///
    /// Its successor is derived from it, so that whoever shows it again within the grace gets the
    /// same one, and a session never has two branches. One that was spent before that ends its
    /// session: either its thief or its owner is showing a copy (RFC 9700, section 4.14.2).
    ///
    /// - Throws: ``UserError/refreshTokenSpent`` for every token that is not good.
    func refresh(_ token: RefreshToken) async throws -> TokenPair {
        let next = try secrets.successor(of: token)
        let now = now().wholeMilliseconds
        let renewed = try await ending.write {
            transaction, ended -> Open? in
            guard let session = try store.find(token, in: transaction),
                !session.isRevoked, session.expiresAt > now,
                session.usedAt + Self.idleSeconds > now,
                let user = try users.find(session.userID, in: transaction),
                user.status != .suspended
            else { return nil }
            let isRotated =
                try session.spentAt == nil
                && store.rotate(token, to: next, of: session.id, at: now, in: transaction)
            guard
                try isRotated
                    || store.isRecent(
                        token, next, since: now - Self.graceSeconds, in: transaction)
            else {
                try ending.end(
                    [session.id], of: session.userID, because: .refreshTokenReused,
                    in: transaction, &ended)
                return nil
            }
            return Open(
                userID: user.id, sessionID: session.id, refreshToken: next,
                grants: try grants(of: user.id, session.proof.assurance, in: transaction),
                proof: session.proof)
        }
        guard let renewed else { throw UserError.refreshTokenSpent }
        return try await pair(renewed, at: now)
    }
}
