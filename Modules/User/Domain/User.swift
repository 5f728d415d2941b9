import Events
import Foundation
import Storage

/// An account.
struct User: Sendable, Hashable {
    let id: UserID
    var email: EmailAddress
    var profile: Profile
    var status: Status
    var passwordHash: String
    let createdAt: Date
    /// Counts the changes of the profile.
    var version: Int64 = 1

    enum Status: String, SQLConvertible, Sendable {
        /// The address was not confirmed yet; everything else works.
        case pendingVerification = "pending_verification"
        case active
        case suspended
    }
}

/// What a user tells about themselves.
struct Profile: Sendable, Hashable {
    var firstName: String
    var lastName: String
    var phone: PhoneNumber?
    var bio: String?
    var preferences: [String: String] = [:]
    static let preferenceCountMax = 50
    /// What everybody may see; nothing of a profile without any.
    var publicFields: Set<PublicField> = [.firstName]

    /// What a user can make public, by its name in bodies.
    enum PublicField: String, Codable, Sendable, CaseIterable {
        case firstName, lastName, bio
    }

    /// The names of the fields in which the other differs, as clients know them.
    func fieldsChanged(to other: Profile) -> [String] {
        var names: [String] = []
        if firstName != other.firstName { names.append("firstName") }
        if lastName != other.lastName { names.append("lastName") }
        if phone != other.phone { names.append("phone") }
        if bio != other.bio { names.append("bio") }
        if preferences != other.preferences { names.append("preferences") }
        if publicFields != other.publicFields { names.append("publicFields") }
        return names
    }
}
