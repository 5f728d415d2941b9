import Crypto
import Foundation
import JWTKit
import Synchronization

/// Tokens whose signature was found right moments ago, and what they say.
///
/// Checking a signature costs as much as the rest of a request. Nothing else is remembered: whether
/// a token has expired, whether its session has ended, and whether its key is still one to trust is
/// asked at each request. Only tokens with a right signature come in, so forged ones can't push
/// good ones out. A lock, since the critical sections are a look-up long.
final class VerifiedTokens: Sendable {
    /// What a signature covers.
    struct Entry: Sendable {
        let claims: AccessTokenClaims
        let kid: String
        /// What verified it: one object for as long as a set of keys is not fetched anew.
        let keys: JWTKeyCollection
    }

    /// A token is remembered for one to two of these.
    static let lifetime = Duration.seconds(5)
    /// About 2 MiB; as many again are remembered in the other half.
    static let countMax = 2_048

    /// The SHA-256 digest of a token, as what hashes fast.
    struct Name: Hashable, Sendable {
        let words: SIMD4<UInt64>
    }

    private struct State {
        var young: [Name: Entry] = [:]
        var old: [Name: Entry] = [:]
        var turnedAt = Date.distantPast
    }

    private let state = Mutex(State())

    /// The name of a token here. The token itself is a secret and is not kept.
    static func name(of token: String) -> Name {
        var token = token
        return token.withUTF8 { bytes in
            var hash = SHA256()
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            return hash.finalize().withUnsafeBytes {
                Name(words: $0.loadUnaligned(as: SIMD4<UInt64>.self))
            }
        }
    }

    func entry(for name: Name, at now: Date) -> Entry? {
        state.withLock { state in
            Self.turn(&state, at: now)
            return state.young[name] ?? state.old[name]
        }
    }

    func remember(_ entry: Entry, for name: Name, at now: Date) {
        state.withLock { state in
            Self.turn(&state, at: now)
            if state.young.count >= Self.countMax {
                state.old = state.young
                state.young = [:]
            }
            state.young[name] = entry
        }
    }

    /// Whole generations are forgotten at once, so that nothing is searched for what is old.
    private static func turn(_ state: inout State, at now: Date) {
        let age = now.timeIntervalSince(state.turnedAt)
        let lifetime = Double(Self.lifetime.components.seconds)
        // A clock that went back tells nothing of ages.
        guard age < 0 || age >= lifetime else { return }
        state.old = (lifetime..<2 * lifetime).contains(age) ? state.young : [:]
        state.young = [:]
        state.turnedAt = now
    }
}
