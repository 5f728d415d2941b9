import Events

/// Which products somebody wants to see.
struct ProductFilter: Sendable, Hashable {
    var statuses: [ProductStatus] = [.active]
    var kind: ProductKind?
    /// The slug of a category, whose branches count too.
    var category: String?
    /// A part of a name, in lower case.
    var text: String?
    var attributes: [String: String] = [:]
    var currency: Currency?
    var priceMin: Int64?
    var priceMax: Int64?
    /// Whether there must be pieces of it.
    var isAvailable = false
}
