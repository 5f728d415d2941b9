import EventBus
import Events
import Foundation
import Storage
import Web

/// Orders: placed, listed, and settled by the payment's result.
struct Orders: Sendable {
    let database: Database
    let outbox: Outbox
    let products: ProductList
    let now: @Sendable () -> Date
    let store = OrderStore()
    let customers = CustomerStore()

    /// A user's own order.
    ///
    /// - Throws: ``OrderError/notFound``, also for somebody else's.
    func find(_ id: OrderID, of user: UserID) async throws -> Order {
        let order = try await database.read { try store.find(id, in: $0) }
        guard let order, order.userID == user else { throw OrderError.notFound }
        return order
    }

    /// A page of a user's own orders, newest first.
    func list(of user: UserID, page: PageRequest) async throws -> [Order] {
        try await database.read { try store.list(of: user, page: page, in: $0) }
    }
}
