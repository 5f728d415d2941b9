import CCommonPasswords
import Foundation
import Web

/// Which passwords are good enough (NIST SP 800-63B): long enough, and not among those that are
/// tried first. There are no rules of composition, and passwords do not expire.
struct PasswordPolicy: Sendable {
    /// The fewest Unicode scalars.
    let lengthMin: Int
    /// What breaches have made known, beside what the program knows to be common; `nil` for none.
    var breached: BreachedPasswords?

    /// - Parameter pointer: where the password is in the body.
    /// - Throws: `Problem` 422 with the reason; what a list of breached passwords fails with, for
    ///   nothing is taken unseen.
    func check(
        _ password: Password, near email: EmailAddress, _ profile: Profile, pointer: String
    ) async throws {
        var complaint = complaint(
            about: password, email: email, names: [profile.firstName, profile.lastName])
        if complaint == nil, try await breached?.contains(password) ?? false {
            complaint = "is known from a breach: others try it, wherever it was used"
        }
        if let complaint { throw Problem.invalid([.init(pointer: pointer, detail: complaint)]) }
    }

    /// Why a password does not do, as the user is told; `nil` when it does.
    ///
    /// - Parameters:
    ///   - email: the account's; what is in it is no secret.
    ///   - names: the user's.
    func complaint(
        about password: Password, email: EmailAddress?, names: [String]
    ) -> String? {
        let length = password.normalized.unicodeScalars.count
        guard (lengthMin...Password.lengthMax).contains(length) else {
            return "must have \(lengthMin) to \(Password.lengthMax) characters"
        }
        let folded = password.normalized.lowercased()
        if Self.isMonotonous(folded) { return "must not repeat a few characters or count up" }
        let core = folded.trimmingCharacters(in: .letters.inverted)
        if CommonPasswords.contains(folded)
            || CommonPasswords.contains(core) && core.count * 2 > folded.count
        {
            return "is one of the passwords that are tried first"
        }
        let near = Self.words(email: email, names: names).filter { folded.contains($0) }
        // What is left without the words that anybody would guess must be a secret still.
        let rest = near.reduce(folded) { $0.replacingOccurrences(of: $1, with: "") }
        guard near.isEmpty || rest.unicodeScalars.count >= Self.restMin else {
            return "must not be made of your name, your address or the name of the shop"
        }
        return nil
    }

    private static let restMin = 6
    private static let shop = "flotilla"

    private static func words(email: EmailAddress?, names: [String]) -> [String] {
        let address = email?.key ?? ""
        let parts = address.split(separator: "@").flatMap { $0.split(separator: ".") }
        let words = [address, shop] + parts.map(String.init) + names.map { $0.lowercased() }
        return words.filter { $0.count >= 3 }.sorted { $0.count > $1.count }
    }

    /// A piece of up to four characters again and again, or each character one above (or below) the
    /// one before: `abababababab`, `123456789012`.
    private static func isMonotonous(_ text: String) -> Bool {
        let scalars = text.unicodeScalars.map { Int($0.value) }
        for period in 1...4 where scalars.count >= 2 * period {
            if zip(scalars, scalars.dropFirst(period)).allSatisfy({ $0 == $1 }) { return true }
        }
        let steps = zip(scalars, scalars.dropFirst()).map { $1 - $0 }
        return [1, -1].contains { step in
            steps.allSatisfy { $0 == step || $0 == -9 * step }
        }
    }
}

/// Passwords that leaks have shown to be common.
enum CommonPasswords {
    /// In lower case; those with fewer than eight characters are too short anyway.
    private static let all: Set<Substring> = {
        let text = String(cString: flotilla_common_passwords())
        return Set(text.split(separator: "\n"))
    }()

    static func contains(_ text: String) -> Bool { all.contains(Substring(text)) }
}
