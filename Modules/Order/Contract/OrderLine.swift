public import Events

/// So many pieces of a variant, in events about an order.
public struct OrderLine: Codable, Sendable, Hashable {
    /// The variant.
    public let productID: VariantID
    /// Pieces, at least one.
    public let quantity: Int

    /// Puts a line together.
    public init(productID: VariantID, quantity: Int) {
        self.productID = productID
        self.quantity = quantity
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case quantity
    }
}
