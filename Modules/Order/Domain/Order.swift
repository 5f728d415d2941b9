import Events
import Foundation
import OrderContract
import Storage

/// What a customer ordered, at the prices of that moment.
struct Order: Sendable, Hashable {
    let id: OrderID
    let userID: UserID
    let kind: Kind
    var status: Status
    let items: [OrderCreated.Item]
    let total: Money
    let createdAt: Date

    enum Kind: String, SQLConvertible, Sendable {
        /// Given by the house when somebody registers; once a user.
        case welcome
        case standard
    }

    enum Status: String, SQLConvertible, Sendable {
        case pending
        case paid
        case paymentFailed = "payment_failed"
    }

    /// Places an order of priced items.
    ///
    /// - Throws: ``OrderError/totalTooLarge`` when the sum does not fit, or currencies are mixed.
    init(
        id: OrderID, userID: UserID, kind: Kind, items: [OrderCreated.Item], at now: Date
    ) throws(OrderError) {
        var total: Money?
        for item in items {
            guard let price = item.unitPrice.times(item.quantity),
                let sum = total.map({ $0.adding(price) }) ?? price
            else { throw .totalTooLarge }
            total = sum
        }
        guard let total else { throw .empty }
        self.init(
            id: id, userID: userID, kind: kind, status: .pending, items: items, total: total,
            createdAt: now)
    }

    /// An order as it was stored.
    init(
        id: OrderID, userID: UserID, kind: Kind, status: Status, items: [OrderCreated.Item],
        total: Money, createdAt: Date
    ) {
        self.id = id
        self.userID = userID
        self.kind = kind
        self.status = status
        self.items = items
        self.total = total
        self.createdAt = createdAt
    }

    /// Takes the result of the payment.
    ///
    /// - Throws: ``OrderError/notPayable(_:)`` unless it waits for one.
    mutating func settle(isPaid: Bool) throws(OrderError) {
        switch status {
        case .pending: status = isPaid ? .paid : .paymentFailed
        case .paid, .paymentFailed: throw .notPayable(id)
        }
    }

    /// The fact of its creation.
    var created: OrderCreated {
        OrderCreated(
            orderID: id, userID: userID, kind: kind.rawValue, items: items, total: total,
            createdAt: createdAt)
    }
}

/// Something that can be ordered.
struct Product: Sendable, Hashable {
    let id: VariantID
    let price: Money
}
