import Crypto
import Foundation

/// Time-based one-time passwords (RFC 6238): HMAC-SHA-1, 30 seconds, six digits, as every
/// authenticator app has them.
struct TOTP: Sendable {
    static let stepSeconds = 30.0
    static let digitCount = 6
    /// Clocks of telephones may differ by a step (RFC 6238, section 5.2).
    static let drift: Int64 = 1

    /// 160 bits, the length of the hash (RFC 4226, section 4, requirement R6).
    let secret: Data

    /// A new secret.
    init() { secret = SymmetricKey(size: .init(bitCount: 160)).withUnsafeBytes { Data($0) } }

    init(secret: Data) { self.secret = secret }

    /// Reads the text form of a secret.
    init?(base32 text: String) {
        guard let secret = Base32.decode(text) else { return nil }
        self.secret = secret
    }

    /// The secret as apps take it by hand.
    var base32: String { Base32.encode(secret) }

    /// The step that an instant lies in.
    static func step(at time: Date) -> Int64 {
        Int64((time.timeIntervalSince1970 / stepSeconds).rounded(.down))
    }

    /// The code of a step (RFC 4226, section 5.3).
    func code(ofStep step: Int64) -> String {
        let counter = withUnsafeBytes(of: step.bigEndian) { Data($0) }
        let mac = Data(
            HMAC<Insecure.SHA1>.authenticationCode(
                for: counter, using: SymmetricKey(data: secret)))
        let offset = Int(mac[19] & 0x0F)
        let number = mac[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let digits = String((number & 0x7FFF_FFFF) % 1_000_000)
        return String(repeating: "0", count: Self.digitCount - digits.count) + digits
    }

    /// The step around now whose code this is; `nil` when it is none of them. All are compared, in
    /// constant time each.
    func step(of code: String, at now: Date) -> Int64? {
        let typed = SHA256.hash(data: Data(code.utf8))
        let present = Self.step(at: now)
        var match: Int64?
        for step in present - Self.drift...present + Self.drift
        where SHA256.hash(data: Data(self.code(ofStep: step).utf8)) == typed {
            match = step
        }
        return match
    }

    /// Exactly six ASCII digits: other scripts have digits, too.
    static func isCode(_ text: String) -> Bool {
        text.utf8.count == digitCount
            && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// What an authenticator app reads from a QR code
    /// (https://github.com/google/google-authenticator/wiki/Key-Uri-Format).
    func uri(account: String, issuer: String) -> String {
        let allowed = CharacterSet(
            charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        let name = account.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        let house = issuer.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        return "otpauth://totp/\(house):\(name)?secret=\(base32)&issuer=\(house)"
            + "&algorithm=SHA1&digits=\(Self.digitCount)&period=\(Int(Self.stepSeconds))"
    }
}

/// RFC 4648, section 6, without padding.
enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    static func encode(_ data: Data) -> String {
        var text: [UInt8] = []
        var (buffer, bitCount) = (UInt32(0), 0)
        for byte in data {
            buffer = buffer << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 5 {
                bitCount -= 5
                text.append(alphabet[Int(buffer >> UInt32(bitCount) & 31)])
            }
        }
        if bitCount > 0 { text.append(alphabet[Int(buffer << UInt32(5 - bitCount) & 31)]) }
        return String(decoding: text, as: UTF8.self)
    }

    static func decode(_ text: String) -> Data? {
        var data = Data()
        var (buffer, bitCount) = (UInt32(0), 0)
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            buffer = buffer << 5 | UInt32(value)
            bitCount += 5
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            data.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bitCount)))
        }
        return data
    }
}
