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
    let publicFields: [String]
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
        publicFields = user.profile.publicFields.map(\.rawValue).sorted()
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
    /// Roles that the user has and this session has not, for want of a second factor.
    let withheldRoles: [String]?

    init(_ pair: Sessions.TokenPair) {
        accessToken = pair.accessToken
        refreshToken = pair.refreshToken
        withheldRoles = pair.withheldRoles.isEmpty ? nil : pair.withheldRoles.sorted()
    }
}

/// An access token that comes without a refresh token.
struct AccessTokenBody: Encodable, Sendable {
    let accessToken: String
    let tokenType = "Bearer"
    let expiresIn: Int64

    init(accessToken: String, lifetime: Duration = Sessions.accessTokenLifetime) {
        self.accessToken = accessToken
        expiresIn = lifetime.components.seconds
    }
}

/// What everybody sees of a user: what they made public, and nothing else.
struct PublicUserBody: Encodable, Sendable {
    let id: UserID
    let firstName: String?
    let lastName: String?
    let bio: String?

    init(_ user: User) {
        let profile = user.profile
        func shown(_ field: Profile.PublicField, _ value: String?) -> String? {
            profile.publicFields.contains(field) ? value : nil
        }
        id = user.id
        firstName = shown(.firstName, profile.firstName)
        lastName = shown(.lastName, profile.lastName)
        bio = shown(.bio, profile.bio)
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

    /// A whole profile. Who may see it stays as it is unless it is said, so that nothing becomes
    /// public by omission.
    mutating func profile() -> @Sendable (Profile) -> Profile {
        let profile = Profile(
            firstName: personName("firstName"), lastName: personName("lastName"),
            phone: phone("phone"), bio: optionalString("bio", length: 0...1_000),
            preferences: optionalStrings(
                "preferences", count: 0...Profile.preferenceCountMax, length: 0...200) ?? [:])
        let publicFields = publicFields("publicFields")
        return { old in
            var new = profile
            new.publicFields = publicFields ?? old.publicFields
            return new
        }
    }

    /// Changes of a profile (RFC 7396): what is absent stays, what is `null` goes.
    mutating func profilePatch() -> @Sendable (Profile) throws -> Profile {
        let firstName = has("firstName") ? personName("firstName") : nil
        let lastName = has("lastName") ? personName("lastName") : nil
        let phone: PhoneNumber?? = has("phone") ? .some(phone("phone")) : nil
        let bio: String?? = has("bio") ? .some(optionalString("bio", length: 0...1_000)) : nil
        let isForgettingAll = isNull("preferences")
        let preferences = stringsPatch(
            "preferences", count: 0...Profile.preferenceCountMax, length: 0...200)
        let publicFields = publicFields("publicFields")
        return { old in
            var new = old
            new.firstName = firstName ?? old.firstName
            new.lastName = lastName ?? old.lastName
            new.phone = phone ?? old.phone
            new.bio = bio ?? old.bio
            if isForgettingAll { new.preferences = [:] }
            for (name, value) in preferences ?? [:] { new.preferences[name] = value }
            guard new.preferences.count <= Profile.preferenceCountMax else {
                throw Problem.invalid([
                    .init(
                        pointer: "/preferences",
                        detail: "must have at most \(Profile.preferenceCountMax) entries")
                ])
            }
            new.publicFields = publicFields ?? old.publicFields
            return new
        }
    }

    mutating func publicFields(_ name: String) -> Set<Profile.PublicField>? {
        guard has(name) else { return nil }
        let texts = strings(name, count: 0...Profile.PublicField.allCases.count, length: 1...20)
        let fields = texts.map { Profile.PublicField(rawValue: $0) }
        for (index, field) in fields.enumerated() where field == nil {
            reject("\(name)/\(index)", "must be firstName, lastName or bio")
        }
        return Set(fields.compactMap(\.self))
    }
}
