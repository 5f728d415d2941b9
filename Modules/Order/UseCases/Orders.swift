import EventBus
import Events
import Foundation
import Storage
import Web

/// Orders: placed, reserved, paid, confirmed, cancelled, and what is known of each.
struct Orders: Sendable {
    let database: Database
    let outbox: Outbox
    /// The time that all processes share, for what expires.
    let now: @Sendable (Transaction) throws -> Date
    /// This process's own time.
    let localNow: @Sendable () -> Date
    let policy: OrderPolicy
    /// Draws the number of an order.
    var drawNumber: @Sendable () -> String = OrderNumber.draw
    /// How long an order waits for what was not heard of yet.
    var patience = Patience()
    let store = OrderStore()
    let timeline = TimelineStore()
    let catalogue = CatalogueStore()
    let customers = CustomerStore()
    let welcomes = WelcomeStore()

    /// A user's own order.
    ///
    /// - Throws: ``OrderError/notFound``, also for somebody else's.
    func find(_ id: OrderID, of user: UserID?) async throws -> Order {
        try await database.read { try find(id, of: user, in: $0) }
    }

    /// What happened to an order.
    ///
    /// - Parameter user: whose it must be; `nil` for anybody's.
    /// - Throws: ``OrderError/notFound``.
    func story(of id: OrderID, of user: UserID?) async throws -> [TimelineEntry] {
        try await database.read { transaction in
            _ = try find(id, of: user, in: transaction)
            return try timeline.list(of: id, in: transaction)
        }
    }

    /// An order with its refunds, for administrators.
    ///
    /// - Throws: ``OrderError/notFound``.
    func whole(_ id: OrderID) async throws -> (Order, [OrderRefund]) {
        try await database.read { transaction in
            let order = try find(id, of: nil, in: transaction)
            return (order, try timeline.refunds(of: id, in: transaction))
        }
    }

    /// A page of orders, newest first.
    func list(_ filter: OrderStore.Filter, page: PageRequest) async throws -> [Order] {
        try await database.read { try store.list(filter, page: page, in: $0) }
    }

    /// An order, if it is that user's.
    func find(_ id: OrderID, of user: UserID?, in transaction: Transaction) throws -> Order {
        guard let order = try store.find(id, in: transaction),
            user == nil || order.userID == user
        else { throw OrderError.notFound }
        return order
    }
}

/// What the house decided about orders.
struct OrderPolicy: Sendable {
    /// How long an order waits for its payment, from each attempt on.
    let paymentWindow: Duration
    let cancellationFees: CancellationFees
    /// What a new user gets.
    let welcomeProduct: VariantID?
}

/// How long an order waits for what was not heard of yet: its request came before the event.
struct Patience: Sendable {
    /// For the catalogue to be heard of at all.
    var catalogue = Duration.seconds(5)
    /// For a thing whose id was made a moment ago.
    var young = Duration.seconds(2)
    /// Until it looks again.
    var interval = Duration.milliseconds(50)
}
