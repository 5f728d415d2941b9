public import Events

/// A user's address changed, or became or ceased to be their default.
///
/// - Source: `Addresses`, in the transaction that changes it.
/// - Heard by: `order.customers`, `audit.trail`.
public struct UserAddressUpdated: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserAddressUpdatedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Whose address it is.
    public let userID: UserID
    /// The address.
    public let addressID: AddressID
    /// What the user calls it: `home`; 1 to 50 characters.
    public let label: String
    /// Street and number; 1 to 200 characters.
    public let line1: String
    /// What else the carrier needs.
    public let line2: String?
    /// 1 to 100 characters.
    public let city: String
    /// State or province.
    public let region: String?
    /// 1 to 20 characters.
    public let postalCode: String
    /// ISO 3166-1 alpha-2.
    public let country: String
    /// Whether it is taken where none is named; of a user's addresses one is.
    public let isDefault: Bool

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(
        userID: UserID, addressID: AddressID, label: String, line1: String, line2: String?,
        city: String, region: String?, postalCode: String, country: String, isDefault: Bool
    ) {
        self.userID = userID
        self.addressID = addressID
        self.label = label
        self.line1 = line1
        self.line2 = line2
        self.city = city
        self.region = region
        self.postalCode = postalCode
        self.country = country
        self.isDefault = isDefault
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case addressID = "addressId"
        case label, line1, line2, city, region, postalCode, country, isDefault
    }
}
