import Events
import Foundation
import OrderContract
import Storage

/// What a customer ordered, at the prices of that moment, and how far it has come.
struct Order: Sendable, Hashable {
    let id: OrderID
    var number: String
    let userID: UserID
    let kind: Kind
    let items: [OrderedItem]
    let total: Money
    let quoteID: QuoteID?
    /// Where it goes, as it was when the order was placed; `nil` for nowhere, and once its customer
    /// is deleted.
    var address: AddressSnapshot?
    let createdAt: Date
    var updatedAt: Date

    var state = OrderState.pending
    var paymentStatus = PaymentStatus.none
    var fulfilmentStatus = FulfilmentStatus.unfulfilled
    /// Counts up with every change.
    var version: Int64 = 1
    /// How many entries its timeline has.
    var timelineCount = 0

    /// When it ends unless it is paid; `nil` when it waits for nothing, and for orders of old.
    var deadline: Date?
    /// How many payments were asked for.
    var attempt = 0
    /// The payment that money was taken with; before, the last that was heard of.
    var paymentID: PaymentID?
    /// What was taken.
    var taken: Money?
    /// What the house kept when it was cancelled.
    var fee: Money?
    /// What went back of ``taken``.
    var refundedAmount: Int64 = 0
    /// What is on its way back.
    var refundPendingAmount: Int64 = 0
    /// Why it ended, as a machine code.
    var endReason: String?
    /// What its customer or an administrator wrote about that; gone once the customer is deleted.
    var endNote: String?

    enum Kind: String, SQLConvertible, Sendable {
        /// Given by the house when somebody registers; once a user.
        case welcome
        case standard
    }

    /// The largest total: every JSON reader takes it exactly (RFC 8259, section 6).
    static let totalMax: Int64 = (1 << 53) - 1

    /// How often a customer may try to pay one order.
    static let attemptCountMax = 3

    /// An order of priced items, about to be placed.
    ///
    /// - Throws: ``OrderError/totalTooLarge`` when the sum does not fit, or currencies are mixed.
    init(
        id: OrderID, number: String, userID: UserID, kind: Kind, items: [OrderedItem],
        quoteID: QuoteID? = nil, address: AddressSnapshot? = nil, at now: Date
    ) throws(OrderError) {
        self.init(
            id: id, number: number, userID: userID, kind: kind, items: items,
            total: try Self.total(of: items), quoteID: quoteID, address: address, createdAt: now)
    }

    /// An order as it was stored.
    init(
        id: OrderID, number: String, userID: UserID, kind: Kind, items: [OrderedItem],
        total: Money, quoteID: QuoteID?, address: AddressSnapshot?, createdAt: Date
    ) {
        self.id = id
        self.number = number
        self.userID = userID
        self.kind = kind
        self.items = items
        self.total = total
        self.quoteID = quoteID
        self.address = address
        self.createdAt = createdAt
        updatedAt = createdAt
    }

    private static func total(of items: [OrderedItem]) throws(OrderError) -> Money {
        var total: Money?
        for item in items {
            guard let price = item.unitPrice.times(item.quantity),
                let sum = total.map({ $0.adding(price) }) ?? price, sum.amount <= totalMax
            else { throw .totalTooLarge }
            total = sum
        }
        guard let total else { throw .empty }
        return total
    }
}

extension Order {
    /// The one word that clients read first.
    var status: OrderStatus { OrderStatus(state, paymentStatus) }

    /// Whether what was taken is the total, in its currency, and none of it went back.
    var isCovered: Bool {
        taken == total && refundedAmount == 0 && refundPendingAmount == 0
    }

    /// What could still be given back of what was taken.
    var refundable: Money? {
        taken.map {
            Money(
                amount: max(0, $0.amount - refundedAmount - refundPendingAmount),
                currency: $0.currency)
        }
    }

    /// When the first of what was ordered begins.
    var startsAt: Date? { items.compactMap(\.startsAt).min() }

    /// What is ordered, as events name it.
    var lines: [OrderLine] {
        items.map { OrderLine(productID: $0.productID, quantity: $0.quantity) }
    }

    /// The fact of its creation.
    var created: OrderCreated {
        OrderCreated(
            orderID: id, userID: userID, kind: kind.rawValue,
            items: items.map {
                .init(
                    productID: $0.productID, quantity: $0.quantity, unitPrice: $0.unitPrice)
            }, total: total, createdAt: createdAt)
    }
}
