import Events

/// One change of a variant's level, with the row of the ledger that says the same.
struct StockMove: Sendable, Hashable {
    let variantID: VariantID
    /// The order in which a transaction's moves are made, so that no two wait for each other.
    let sku: String
    let kind: Kind
    var onHand = 0
    var allocated = 0
    var reserved = 0
    var orderID: OrderID?
    var actor: String?
    var reason: String?

    /// Why a level changes; the word in the ledger.
    enum Kind: String, Sendable, Hashable, CaseIterable {
        /// By hand: a delivery, a count, a loss.
        case adjustment
        /// Set aside for an order.
        case reservation
        /// No longer set aside: the order ended.
        case release
        /// No longer set aside: nobody paid in time.
        case expiry
        /// An order's own.
        case allocation
        /// An order's no more.
        case `return`
    }

    /// Whether pieces are asked for, that there may be too few of.
    var isDemand: Bool { allocated + reserved > 0 }

    /// By SKU; of one variant what gives back comes before what takes.
    static func precedes(_ left: StockMove, _ right: StockMove) -> Bool {
        if left.sku != right.sku { return left.sku < right.sku }
        return !left.isDemand && right.isDemand
    }
}
