import Events
import Foundation
import ProductContract

/// A price that somebody was told, and that holds for a while.
struct Quote: Sendable, Hashable {
    let id: QuoteID
    let userID: UserID
    let items: [Item]
    let total: Money
    let expiresAt: Date
    let createdAt: Date

    /// One line, as it was asked for.
    struct Item: Codable, Sendable, Hashable {
        let productId: VariantID
        let quantity: Int
        /// The list price of one piece.
        let basePrice: Money
        /// Of one piece, all rules applied: what an order by this quote is charged.
        let unitPrice: Money
        let adjustments: [Adjustment]
    }

    /// What one rule made of a piece's price.
    struct Adjustment: Codable, Sendable, Hashable {
        let rule: String
        let name: String
        let amount: Money
    }

    /// The quote as others hear of it.
    var given: QuoteGiven {
        QuoteGiven(
            quoteID: id, userID: userID,
            items: items.map {
                .init(productID: $0.productId, quantity: $0.quantity, unitPrice: $0.unitPrice)
            }, total: total, expiresAt: expiresAt, givenAt: createdAt)
    }
}
