import Events

/// How many pieces of a variant there are, and who has them.
struct StockLevel: Sendable, Hashable {
    let variantID: VariantID
    let productID: ProductID
    let sku: String
    /// Pieces that there are.
    let onHand: Int
    /// Pieces that were sold.
    let allocated: Int
    /// Pieces that are set aside for orders, those of holds that are over included.
    let reserved: Int
    /// Pieces of holds that are over and were not tidied yet: nobody has them.
    let overdue: Int
    /// What may be sold beyond what there is, in percent of it.
    let overbookingPercent: Int
    /// What one customer may have; `nil` for any number.
    let customerMax: Int?
    /// Whether it was said to be out of stock.
    let isOut: Bool
    /// Counts changes by hand, of the pieces that there are and of the limits: orders come and go
    /// without it, so that a count of a shelf is not refused because somebody bought meanwhile.
    let version: Int64

    /// More pieces of one variant than any shop has; sums of a thousand such levels fit into SQL's
    /// integers with room.
    static let onHandMax = 1_000_000_000
    /// What the column holds.
    static let customerMaxMax = 1_000_000_000

    /// Pieces that may be sold in all.
    var capacity: Int { onHand + onHand * overbookingPercent / 100 }

    /// Pieces that can be had now.
    var available: Int { max(0, capacity - allocated - (reserved - overdue)) }

    /// Pieces that nobody has and no hold that is over keeps.
    var free: Int { capacity - allocated - reserved }
}
