public import Events
public import Foundation

/// A product as the catalogue has it, whole, in events about it.
public struct ProductDescription: Codable, Sendable, Hashable {
    /// The product.
    public let id: ProductID
    /// Counts up with every change: of two descriptions the higher one holds.
    public let version: Int64
    /// `destination`, `activity` or `package`.
    public let kind: String
    /// In the house's own language.
    public let name: String
    /// `draft`, `active` or `archived`; only what is active can be ordered.
    public let status: String
    /// The slugs of its categories.
    public let categories: [String]
    /// What can be ordered of it.
    public let variants: [Variant]

    /// A date, slot or room class of a product.
    public struct Variant: Codable, Sendable, Hashable {
        /// What orders name.
        public let id: VariantID
        /// What the trade calls it by.
        public let sku: String
        /// Beside the product's: `Double room`.
        public let name: String
        /// Whether it can be ordered, if the product can.
        public let isActive: Bool
        /// List prices of one piece, one a currency; the first is the house's own.
        public let prices: [Money]
        /// When it begins, for what has a date.
        public let startsAt: Date?
        /// The fewest pieces of an order.
        public let quantityMin: Int
        /// The most pieces of an order.
        public let quantityMax: Int
        /// Whether rules make its price: then it is ordered by quote alone.
        public let isPricedByRules: Bool

        /// Puts a variant together.
        public init(
            id: VariantID, sku: String, name: String, isActive: Bool, prices: [Money],
            startsAt: Date?, quantityMin: Int, quantityMax: Int, isPricedByRules: Bool
        ) {
            self.id = id
            self.sku = sku
            self.name = name
            self.isActive = isActive
            self.prices = prices
            self.startsAt = startsAt
            self.quantityMin = quantityMin
            self.quantityMax = quantityMax
            self.isPricedByRules = isPricedByRules
        }
    }

    /// Puts a description together.
    public init(
        id: ProductID, version: Int64, kind: String, name: String, status: String,
        categories: [String], variants: [Variant]
    ) {
        self.id = id
        self.version = version
        self.kind = kind
        self.name = name
        self.status = status
        self.categories = categories
        self.variants = variants
    }
}
