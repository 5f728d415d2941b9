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
        return .own(
            try signingKey(settings, isCreating: isCreating),
            others: try verificationKeys(settings))
    }

    /// The keys that tokens may be signed with besides.
    ///
    /// - Throws: ``Complaint`` when one can't be read.
    private static func verificationKeys(_ settings: Settings) throws -> [OtherKey] {
        guard let text = settings[AppSettings.verificationKeys] else { return [] }
        let end = /-----END [A-Z0-9 ]+-----/
        var keys: [OtherKey] = []
        var rest = text[...]
        while let match = rest.firstMatch(of: end) {
            let pem = rest[..<match.range.upperBound].drop { $0 != "-" }
            rest = rest[match.range.upperBound...]
            do {
                keys.append(try OtherKey(pem: String(pem)))
            } catch {
                throw Complaint(
                    "auth.verificationKeys (\(settings.source(of: AppSettings.verificationKeys)))"
                        + " has a key that is neither Ed25519 nor P-256 in PEM")
            }
        }
        guard !keys.isEmpty, rest.allSatisfy(\.isWhitespace) else {
            throw Complaint("auth.verificationKeys is no sequence of PEM keys")
        }
        return keys
    }

    /// What User keeps the secrets of accounts with.
    ///
    /// - Throws: ``Complaint`` when `auth.encryptionKey` is no key.
    static func secrets(_ settings: Settings, _ keys: TokenKeys) throws -> SealingKeys? {
        try sealingKeys(
            settings, AppSettings.encryptionKey, keys.signingKeys,
            for: "flotilla/user/secrets")
    }

    /// What User and Notification share; in development a process that has neither this key nor the
    /// one that signs tokens looks for the latter beside its databases.
    ///
    /// - Throws: ``Complaint`` when `auth.sealingKey` is no key.
    static func sealing(_ settings: Settings, _ keys: TokenKeys) throws -> SealingKeys? {
        var signingKeys = keys.signingKeys
        if signingKeys.isEmpty, settings[AppSettings.environment] == .development,
            let data = FileManager.default.contents(
                atPath: developmentKeyDirectory(settings) + "/" + developmentKeyName)
        {
            signingKeys = [try? SigningKey(pem: String(decoding: data, as: UTF8.self))]
                .compactMap(\.self)
        }
        return try sealingKeys(
            settings, AppSettings.sealingKey, signingKeys,
            for: "flotilla/mail-tokens")
    }

    private static func sealingKeys(
        _ settings: Settings, _ setting: Setting<String?>, _ signingKeys: [SigningKey],
        for purpose: String
    ) throws -> SealingKeys? {
        guard settings[setting] != nil || !signingKeys.isEmpty else { return nil }
        do {
            return try SealingKeys(settings[setting], thenFrom: signingKeys, for: purpose)
        } catch {
            throw Complaint(
                "\(setting.key) (\(settings.source(of: setting))) is not 32 random bytes in base64"
                    + " (openssl rand -base64 32), or several separated by commas")
        }
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
        return try developmentKey(in: developmentKeyDirectory(settings), isCreating: isCreating)
    }

    private static let developmentKeyName = "signing-key.pem"

    private static func developmentKeyDirectory(_ settings: Settings) -> String {
        switch settings[AppSettings.storageURL] {
        case .sqlite(let directory): directory
        // A file that every process started here finds; the server holds no secrets of ours.
        case .postgres: "./data"
        }
    }

    private static func developmentKey(
        in directory: String, isCreating: Bool
    ) throws -> SigningKey {
        let path = directory + "/" + developmentKeyName
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
