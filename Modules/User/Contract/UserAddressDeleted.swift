public import Events
public import Foundation

/// A user took an address away.
///
/// - Source: `Addresses.remove(_:of:)`, in the transaction that deletes it.
/// - Heard by: `order.customers`, `audit.trail`.
public struct UserAddressDeleted: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserAddressDeletedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Whose address it was.
    public let userID: UserID
    /// The address.
    public let addressID: AddressID

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(userID: UserID, addressID: AddressID) {
        self.userID = userID
        self.addressID = addressID
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case addressID = "addressId"
    }
}

/// Names an address of a user.
public struct AddressID: Identifier {
    /// The value itself.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}
