import Crypto
import Foundation

/// `Flotilla-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256(secret, "<t>.<body>")>`.
///
/// There may be several `v1`, while a secret is being replaced: one that fits is enough.
struct WebhookSignature: Sendable, Hashable {
    /// How far its time may be from ours, in either direction.
    static let tolerance = Duration.seconds(300)
    private static let signatureCountMax = 8

    let seconds: Int64
    let signatures: [[UInt8]]

    /// Reads a header; `nil` when it is none.
    init?(_ text: String) {
        guard text.utf8.count <= 1_024 else { return nil }
        var seconds: Int64?
        var signatures: [[UInt8]] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { return nil }
            let name = pair[0].trimmingCharacters(in: .whitespaces)
            switch name {
            case "t":
                guard seconds == nil, let number = Int64(pair[1]), number >= 0 else { return nil }
                seconds = number
            case "v1":
                guard let bytes = Self.bytes(hex: pair[1]) else { return nil }
                signatures.append(bytes)
            // A scheme of the future stands beside the ones that are known.
            default: continue
            }
        }
        guard let seconds, (1...Self.signatureCountMax).contains(signatures.count) else {
            return nil
        }
        self.seconds = seconds
        self.signatures = signatures
    }

    /// Makes sure that who knows the secret signed the body, just now.
    ///
    /// The comparison takes the same time whatever it finds.
    ///
    /// - Throws: ``PaymentError/badSignature``, ``PaymentError/lateSignature``.
    func verify(_ body: Data, secret: String, at now: Date) throws(PaymentError) {
        let key = SymmetricKey(data: Data(secret.utf8))
        let signed = Data("\(seconds).".utf8) + body
        let isGenuine = signatures.reduce(false) { isGenuine, signature in
            let fits = HMAC<SHA256>.isValidAuthenticationCode(
                signature, authenticating: signed, using: key)
            return fits || isGenuine
        }
        guard isGenuine else { throw .badSignature }
        let age = now.timeIntervalSince1970 - Double(seconds)
        guard abs(age) <= Self.tolerance / .seconds(1) else { throw .lateSignature }
    }

    private static func bytes(hex: Substring) -> [UInt8]? {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).reduce(into: [UInt8]?([])) { bytes, index in
            guard let high = value(of: digits[index]), let low = value(of: digits[index + 1])
            else { return bytes = nil }
            bytes?.append(high << 4 | low)
        }
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
