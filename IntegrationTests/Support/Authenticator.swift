import Crypto
import Foundation
import Testing

/// An authenticator app (RFC 6238: HMAC-SHA-1, 30 seconds, six digits), written from the RFCs and
/// not from the code under test.
struct Authenticator: Sendable {
    private static let stepSeconds = 30.0

    private let secret: Data
    private var lastStep: Int64 = 0

    /// - Parameter base32: the secret as the enrolment shows it (RFC 4648, section 6).
    init(base32: String) throws {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        let values = try base32.map { character in try #require(alphabet.firstIndex(of: character))
        }
        let bits = values.flatMap { value in (0..<5).map { value >> (4 - $0) & 1 } }
        secret = Data(
            stride(from: 0, through: bits.count - 8, by: 8).map { start in
                bits[start..<start + 8].reduce(UInt8(0)) { $0 << 1 | UInt8($1) }
            })
    }

    /// A code that it has not shown before. It runs ahead of the clock by a step at most, as far as
    /// a server allows clocks to differ, and waits when that is not enough.
    mutating func nextCode() async throws -> String {
        let step = max(Self.step, lastStep + 1)
        try await eventually("step \(step) is near", within: .seconds(40)) {
            Self.step
        } until: {
            $0 >= step - 1
        }
        lastStep = step
        return code(of: step)
    }

    private static var step: Int64 { Int64(Date().timeIntervalSince1970 / stepSeconds) }

    /// RFC 4226, section 5.3.
    private func code(of step: Int64) -> String {
        let counter = withUnsafeBytes(of: step.bigEndian) { Data($0) }
        let mac = Array(
            HMAC<Insecure.SHA1>.authenticationCode(
                for: counter, using: SymmetricKey(data: secret)))
        let offset = Int(mac[19] & 0x0F)
        let number = mac[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
        return String(format: "%06d", number % 1_000_000)
    }
}
