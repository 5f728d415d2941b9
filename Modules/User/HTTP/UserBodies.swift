import Events
import Foundation
import Web

/// A user as they see themselves.
struct UserBody: Encodable, Sendable {
    let id: UserID
    let email: String
    let firstName: String
    let lastName: String
    let phone: String?
    let bio: String?
    let preferences: [String: String]
    let status: String
    let createdAt: Date

    init(_ user: User) {
        id = user.id
        email = user.email.text
        firstName = user.profile.firstName
        lastName = user.profile.lastName
        phone = user.profile.phone?.text
        bio = user.profile.bio
        preferences = user.profile.preferences
        status = user.status.rawValue
        createdAt = user.createdAt
    }
}

/// What a log-in or refresh answers (RFC 6749, section 5.1, in the house's camel case).
struct TokenBody: Encodable, Sendable {
    let accessToken: String
    let tokenType = "Bearer"
    let expiresIn = Sessions.accessTokenLifetime.components.seconds
    let refreshToken: String

    init(_ pair: Sessions.TokenPair) {
        accessToken = pair.accessToken
        refreshToken = pair.refreshToken
    }
}

/// A session as its user sees it.
struct SessionBody: Encodable, Sendable {
    let id: SessionID
    /// The one that the request was made with.
    let current: Bool
    let ipAddress: String?
    let userAgent: String?
    let createdAt: Date
    let lastUsedAt: Date
    let expiresAt: Date

    init(_ session: SessionStore.Listed, current: String) {
        id = session.id
        self.current = session.id.description == current
        ipAddress = session.device.ipAddress
        userAgent = session.device.userAgent
        createdAt = session.createdAt
        lastUsedAt = session.usedAt
        expiresAt = session.expiresAt
    }
}

extension Fields {
    /// What an administrator may set.
    mutating func status(_ name: String) -> User.Status {
        switch string(name, length: 1...20) {
        case "active": return .active
        case "suspended": return .suspended
        default:
            reject(name, "must be active or suspended")
            return .suspended
        }
    }

    mutating func email(_ name: String) -> EmailAddress? {
        let text = string(name, length: 3...254)
        let email = EmailAddress(text)
        if email == nil, !text.isEmpty { reject(name, "must be an e-mail address") }
        return email
    }

    mutating func password(_ name: String) -> Password {
        Password(secret(name, length: 1...Password.lengthMax))
    }

    mutating func personName(_ name: String) -> String {
        let text = string(name, length: 1...100)
        let trimmed = text.precomposedStringWithCanonicalMapping
            .trimmingCharacters(in: .whitespaces)
        if !text.isEmpty, !trimmed.contains(where: \.isLetter) {
            reject(name, "must have a letter")
        }
        return trimmed
    }

    mutating func phone(_ name: String) -> PhoneNumber? {
        guard let text = optionalString(name, length: 1...20) else { return nil }
        let phone = PhoneNumber(text)
        if phone == nil { reject(name, "must be E.164: + and up to 15 digits") }
        return phone
    }

    /// What is needed to open an account; `nil` stands for a field that was rejected.
    mutating func registration() -> Registration? {
        let email = email("email")
        let password = password("password")
        let profile = Profile(
            firstName: personName("firstName"), lastName: personName("lastName"),
            phone: phone("phone"))
        return email.map { Registration(email: $0, password: password, profile: profile) }
    }

    mutating func profile() -> Profile {
        Profile(
            firstName: personName("firstName"), lastName: personName("lastName"),
            phone: phone("phone"), bio: optionalString("bio", length: 0...1_000),
            preferences: optionalStrings("preferences", count: 0...50, length: 0...200) ?? [:])
    }
}
