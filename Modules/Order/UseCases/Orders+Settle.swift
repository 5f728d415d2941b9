import Events
import Storage

extension Orders {
    /// Takes the result of an order's payment.
    ///
    /// - Throws: ``OrderError/unknownOrder(_:)``, ``OrderError/notPayable(_:)``.
    func settle(_ id: OrderID, isPaid: Bool, in transaction: Transaction) throws {
        guard var order = try store.find(id, in: transaction) else {
            throw OrderError.unknownOrder(id)
        }
        try order.settle(isPaid: isPaid)
        try store.update(order, at: now(), in: transaction)
    }
}
