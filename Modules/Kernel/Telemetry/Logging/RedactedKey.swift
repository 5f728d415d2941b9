internal import Synchronization

/// What a field's name says about its value.
enum RedactedKey: Sendable {
    /// Nothing.
    case plain
    /// It is about a person.
    case personal
    /// It grants access or moves money.
    case secret

    /// The class of a dotted key; remembered, because a program logs few different keys.
    static func of(_ key: String) -> RedactedKey {
        if let known = remembered.withLock({ $0[key] }) { return known }
        let found = classify(key)
        remembered.withLock { if $0.count < rememberedCountMax { $0[key] = found } }
        return found
    }

    /// Keys that only look personal: they are truncated, or name a machine or an event.
    private static let safe: Set<String> = [
        "client.address", "server.address", "event.key", "messaging.kafka.message.key",
        "partition.key", "ordering.key", "config.key",
    ]

    /// Rails' list of filtered parameters is the floor.
    private static let secretParts = [
        "passw", "secret", "token", "_key", "apikey", "crypt", "salt", "certificate", "otp", "cvv",
        "cvc", "card", "authorization", "cookie",
    ]

    private static let personalParts = [
        "email", "e_mail", "ssn", "phone", "address", "iban", "first_name", "firstname",
        "last_name", "lastname", "full_name", "fullname", "user_name", "username", "surname",
        "birth",
    ]

    private static let remembered = Mutex<[String: RedactedKey]>([:])
    private static let rememberedCountMax = 1_000

    private static func classify(_ key: String) -> RedactedKey {
        if safe.contains(key) { return .plain }
        let words = underscored(key)
        if secretParts.contains(where: { words.contains($0) }) { return .secret }
        if personalParts.contains(where: { words.contains($0) }) { return .personal }
        return .plain
    }

    /// `apiKey`, `APIKey`, `api-key` and `api.key` all as `api_key`.
    private static func underscored(_ key: String) -> String {
        let characters = Array(key)
        var words = ""
        for (index, character) in characters.enumerated() {
            if character.isUppercase, index > 0 {
                let previous = characters[index - 1]
                let next = index + 1 < characters.count ? characters[index + 1] : nil
                if previous.isLowercase || previous.isNumber
                    || (previous.isUppercase && next?.isLowercase == true)
                {
                    words += "_"
                }
            }
            words += character.isLetter || character.isNumber ? character.lowercased() : "_"
        }
        return words
    }
}
