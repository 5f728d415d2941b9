import Foundation
import Settings
import Storage
import User
import Web

extension Composition {
    /// The signing key where User runs. Elsewhere the keys at `auth.jwksUrl`; without that setting
    /// the signing key again, so that processes over one directory understand each other.
    ///
    /// - Throws: ``Complaint`` when production has neither, or the key can't be read.
    static func tokenKeys(_ settings: Settings, isCreating: Bool = true) throws -> TokenKeys {
        let runsUser = try ModuleList.selected(by: settings).contains { $0 == UserModule.self }
        if !runsUser {
            if let url = settings[AppSettings.jwksURL] {
                return .remote(RemoteKeys(settings: .init(url: url)))
            }
            if settings[AppSettings.environment] == .production,
                settings[AppSettings.signingKey] == nil
            {
                throw Complaint(
                    "auth.jwksUrl is required when environment is production and the module user"
                        + " runs elsewhere: where that process publishes its keys, such as"
                        + " http://user:8080/.well-known/jwks.json (or auth.signingKey)")
            }
        }
        return .own(try signingKey(settings, isCreating: isCreating))
    }

    /// The key that signs access tokens: the configured one, or in development one that is made
    /// at the first start and kept beside the databases.
    ///
    /// - Throws: ``Complaint`` when production has none, or it can't be read.
    static func signingKey(
        _ settings: Settings, isCreating: Bool = true
    ) throws -> SigningKey {
        if let pem = settings[AppSettings.signingKey] {
            return try key(pem: pem, from: settings.source(of: AppSettings.signingKey))
        }
        guard settings[AppSettings.environment] == .development else {
            throw Complaint(
                "auth.signingKey is required when environment is production:"
                    + " an Ed25519 or P-256 private key as PEM text, or file:PATH")
        }
        switch settings[AppSettings.storageURL] {
        case .sqlite(let directory):
            return try developmentKey(in: directory, isCreating: isCreating)
        case .postgres:
            // A file that every process started here finds; the server holds no secrets of ours.
            return try developmentKey(in: "./data", isCreating: isCreating)
        }
    }

    private static func developmentKey(
        in directory: String, isCreating: Bool
    ) throws -> SigningKey {
        let path = directory + "/signing-key.pem"
        if let data = FileManager.default.contents(atPath: path) {
            return try key(pem: String(decoding: data, as: UTF8.self), from: path)
        }
        guard isCreating else { return try key(pem: SigningKey.generatePEM(), from: path) }
        try? FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        // Written aside and linked: a second process that starts now finds a whole key or none.
        let draft = path + ".\(UUID().uuidString)"
        defer { unlink(draft) }
        let isWritten = FileManager.default.createFile(
            atPath: draft, contents: Data(SigningKey.generatePEM().utf8),
            attributes: [.posixPermissions: 0o600])
        guard isWritten, link(draft, path) == 0 || errno == EEXIST,
            let data = FileManager.default.contents(atPath: path)
        else { throw Complaint("can't write the signing key to \(path)") }
        return try key(pem: String(decoding: data, as: UTF8.self), from: path)
    }

    private static func key(pem: String, from source: String) throws -> SigningKey {
        do {
            return try SigningKey(pem: pem)
        } catch {
            throw Complaint(
                "auth.signingKey (\(source)) is not an Ed25519 or P-256 private key in PEM")
        }
    }
}
