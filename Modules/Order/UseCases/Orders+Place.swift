import EventBus
import Events
import OrderContract
import Storage

extension Orders {
    /// Places an order within the caller's transaction.
    ///
    /// - Throws: ``OrderError/totalTooLarge``, ``OrderError/customerDeleted``.
    func place(
        _ items: [OrderCreated.Item], for user: UserID, in transaction: Transaction
    ) throws -> Order {
        guard try !customers.isDeleted(user, in: transaction) else {
            throw OrderError.customerDeleted
        }
        let order = try Order(
            id: OrderID(), userID: user, kind: .standard, items: items,
            at: now().wholeMilliseconds)
        _ = try store.insert(order, in: transaction)
        try outbox.publish(order.created, in: transaction)
        return order
    }

    /// Places the welcome order of a new user; does nothing when there is one.
    func welcome(_ user: UserID, in transaction: Transaction) throws {
        guard let product = products.products.first,
            try !customers.isDeleted(user, in: transaction)
        else { return }
        let order = try Order(
            id: OrderID(), userID: user, kind: .welcome,
            items: [.init(productID: product.id, quantity: 1, unitPrice: product.price)],
            at: now().wholeMilliseconds)
        guard try store.insert(order, in: transaction) else { return }
        try outbox.publish(order.created, in: transaction)
    }
}
