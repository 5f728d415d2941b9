import Foundation
import Testing

/// Makes access tokens that should not pass, out of a good one and the system's own keys.
struct TokenForge: Sendable {
    private let header: JSON
    private let claims: JSON
    private let good: [String]
    private let directory: Directory

    /// - Parameter token: one that the system gave out.
    init(_ token: String, in directory: Directory) throws {
        good = token.split(separator: ".").map(String.init)
        try #require(good.count == 3)
        header = try JSON(parsing: try #require(Data(base64URL: good[0])))
        claims = try JSON(parsing: try #require(Data(base64URL: good[1])))
        self.directory = directory
    }

    /// A token with a changed header and changed claims, signed with the system's key.
    func signed(
        header changes: [String: JSON] = [:], claims claimChanges: [String: JSON] = [:]
    ) async throws -> String {
        let content = try content(header: changes, claims: claimChanges)
        let name = "to-sign-\(UUID().uuidString)"
        try directory.write(content, to: name)
        let signed = try await Program.run(
            "/bin/sh",
            [
                "-c",
                "openssl pkeyutl -sign -rawin -inkey data/signing-key.pem -in \(name)"
                    + " | openssl base64 -A",
            ], in: directory.path)
        try #require(signed.exitCode == 0, "\(signed)")
        return content + "." + signed.output.base64URL
    }

    /// A token that claims another algorithm and carries this signature.
    func unsigned(header changes: [String: JSON], signature: String = "") throws -> String {
        try content(header: changes, claims: [:]) + "." + signature
    }

    /// A token whose HMAC key is the public key: accepted by whoever lets the token choose.
    func signedWithPublicKey(_ key: JSON) async throws -> String {
        let content = try content(header: ["alg": "HS256"], claims: [:])
        let bytes = try #require(key["x"].string.flatMap { Data(base64URL: $0) })
        let signed = try await Program.run(
            "/bin/sh",
            [
                "-c",
                "openssl dgst -sha256 -mac HMAC -macopt hexkey:"
                    + bytes.map { String(format: "%02x", $0) }.joined()
                    + " -binary | openssl base64 -A",
            ], input: Data(content.utf8))
        try #require(signed.exitCode == 0, "\(signed)")
        return content + "." + signed.output.base64URL
    }

    /// The good token with a part of its signature missing.
    var truncated: String { good[0] + "." + good[1] + "." + good[2].dropLast(8) }

    /// The good signature below other claims.
    func withClaims(_ changes: [String: JSON]) throws -> String {
        try content(header: [:], claims: changes) + "." + good[2]
    }

    private func content(
        header headerChanges: [String: JSON], claims claimChanges: [String: JSON]
    ) throws -> String {
        try [header.with(headerChanges), claims.with(claimChanges)]
            .map { try $0.data.base64EncodedString().base64URL }.joined(separator: ".")
    }
}

extension JSON {
    fileprivate func with(_ changes: [String: JSON]) -> JSON {
        changes.reduce(self) { $0.with($1.key, $1.value) }
    }
}

extension String {
    /// RFC 4648, section 5, out of section 4.
    fileprivate var base64URL: String {
        replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

extension Data {
    fileprivate init?(base64URL text: String) {
        self.init(
            base64Encoded: text.replacing("-", with: "+").replacing("_", with: "/")
                + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
    }
}
