import Events
import UserContract

/// Where a customer has orders sent, as the user's events say.
struct CustomerAddress: Sendable, Hashable {
    let id: AddressID
    let userID: UserID
    let label: String
    let line1: String
    let line2: String?
    let city: String
    let region: String?
    let postalCode: String
    let country: String
    let isDefault: Bool

    /// A new one.
    init(_ event: UserAddressAdded) {
        id = event.addressID
        userID = event.userID
        label = event.label
        line1 = event.line1
        line2 = event.line2
        city = event.city
        region = event.region
        postalCode = event.postalCode
        country = event.country
        isDefault = event.isDefault
    }

    /// One as it is from now on.
    init(_ event: UserAddressUpdated) {
        id = event.addressID
        userID = event.userID
        label = event.label
        line1 = event.line1
        line2 = event.line2
        city = event.city
        region = event.region
        postalCode = event.postalCode
        country = event.country
        isDefault = event.isDefault
    }
}
