public import Events
public import Foundation

/// Who makes a request, as the verified access token says.
public struct Principal: Sendable, Hashable {
    /// The user; of a service, the id of its key.
    public let userID: UserID
    /// The session that the token belongs to.
    public let sessionID: String
    /// The names of the user's roles.
    public let roles: Set<String>
    /// What the roles permit.
    public let permissions: Set<String>
    /// Whether a person or a program makes it.
    public let kind: Kind
    /// When they last proved who they are, to the second; `nil` when nobody knows.
    public let authenticatedAt: Date?
    /// What they proved it with.
    public let assurance: Assurance

    /// Who can make requests.
    public enum Kind: String, Sendable, Hashable, Codable {
        case user
        /// A program with a key of its own. It has no account, so nothing is its own.
        case service
    }

    /// How sure it is who makes a request (NIST SP 800-63B, section 2).
    public enum Assurance: Int, Sendable, Hashable, Codable {
        /// One factor: a password, or a service's key.
        case oneFactor = 1
        /// A second one besides.
        case twoFactors = 2
    }

    /// The role that holds every permission.
    public static let administratorRole = "admin"

    /// Puts the fields together.
    public init(
        userID: UserID, sessionID: String, roles: Set<String>, permissions: Set<String>,
        kind: Kind = .user, authenticatedAt: Date? = nil, assurance: Assurance = .oneFactor
    ) {
        self.userID = userID
        self.sessionID = sessionID
        self.roles = roles
        self.permissions = permissions
        self.kind = kind
        self.authenticatedAt = authenticatedAt
        self.assurance = assurance
    }

    /// Whether the user may do what needs this permission.
    public func holds(_ permission: String) -> Bool {
        roles.contains(Self.administratorRole) || permissions.contains(permission)
    }
}
