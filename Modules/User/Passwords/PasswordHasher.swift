import CSodium
import Foundation
import NIOPosix
import Synchronization
import Web

/// Hashes and verifies passwords with argon2id on threads of its own.
///
/// Parameters are the OWASP minimum (19 MiB, 2 passes, 1 lane), about 15 ms on one core. Threads
/// and queue are bounded, so that a flood of log-ins costs other requests little: one core less,
/// `threads × 19 MiB`, and a 503 beyond the queue.
final class PasswordHasher: Sendable {
    private static let passes: UInt64 = 2
    private static let memoryByteCount = 19_456 * 1_024
    /// About two seconds of waiting for a hash of 15 ms.
    private static let waitingCountMax = 130

    /// A hash that no password has, with the parameters of real ones: what a log-in to an unknown
    /// address is verified against, so that it takes the same time.
    static let decoy =
        "$argon2id$v=19$m=19456,t=2,p=1$ZmxvdGlsbGEtZGVjb3kwMA$"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    private let threads: NIOThreadPool
    private let waitingCount = Atomic(0)

    init(threadCount: Int) {
        precondition(sodium_init() >= 0, "libsodium can't get random numbers")
        threads = NIOThreadPool(numberOfThreads: threadCount)
    }

    /// A new hash with a random salt, in the PHC format.
    ///
    /// - Throws: ``Web/Problem`` 503 when too many wait.
    func hash(_ password: Password) async throws -> String {
        try await run {
            var output = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
            let status = password.withCharacters { characters, count in
                crypto_pwhash_str_alg(
                    &output, characters, count, Self.passes, Self.memoryByteCount,
                    crypto_pwhash_ALG_ARGON2ID13)
            }
            guard status == 0 else { throw HashingFailed() }
            return String(
                decoding: output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// Whether a password belongs to a hash; compared in constant time.
    ///
    /// - Throws: ``Web/Problem`` 503 when too many wait.
    func verify(_ password: Password, against hash: String) async throws -> Bool {
        try await run {
            password.withCharacters { characters, count in
                crypto_pwhash_str_verify(hash, characters, count) == 0
            }
        }
    }

    /// Ends the threads; what waits fails.
    func shutdown() async { try? await threads.shutdownGracefully() }

    private func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        let waiting = waitingCount.add(1, ordering: .relaxed).newValue
        defer { waitingCount.subtract(1, ordering: .relaxed) }
        guard waiting <= Self.waitingCountMax else {
            throw Problem.unavailable("too many log-ins at once", retryAfterSeconds: 2)
        }
        // Starts the threads with the first password; afterwards it does nothing.
        threads.start()
        return try await threads.runIfActive(body)
    }
}

/// libsodium could not get the memory that a hash needs.
struct HashingFailed: Error {}

/// A password ready for hashing: NFKC (so that a composed and a decomposed `é` are one), UTF-8.
struct Password: Sendable {
    /// Allowed length in Unicode scalars (NIST SP 800-63B counts each code point as one).
    static let length = 8...256

    private let normalized: String

    init(_ text: String) { normalized = text.precomposedStringWithCompatibilityMapping }

    /// The bytes for a C function that takes a length, so that NUL does not end them early.
    func withCharacters<T>(_ body: (UnsafePointer<CChar>, UInt64) -> T) -> T {
        normalized.withCString { body($0, UInt64(normalized.utf8.count)) }
    }
}
