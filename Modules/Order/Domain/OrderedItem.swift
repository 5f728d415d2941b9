import Events
import Foundation

/// One line of an order, with name and price as they were; later changes do not touch it.
///
/// It is also how lines are stored: what later versions of the program added is optional.
struct OrderedItem: Codable, Sendable, Hashable {
    let productID: VariantID
    let quantity: Int
    let unitPrice: Money
    /// The product's name and the variant's.
    var name: String?
    /// What the trade calls the variant by.
    var sku: String?
    /// When it begins, for what has a date.
    var startsAt: Date?

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case quantity, unitPrice, name, sku, startsAt
    }
}

/// Where an order goes and to whom, as it was when the order was placed.
struct AddressSnapshot: Codable, Sendable, Hashable {
    let firstName: String
    let lastName: String
    let line1: String
    let line2: String?
    let city: String
    let region: String?
    let postalCode: String
    let country: String
}
