import Events
import Foundation
import OrderContract
import Storage

/// What somebody may like: from what they say of themselves, what they booked, and what others do.
struct Recommendations: Sendable {
    private let database: Database
    private let now: @Sendable () -> Date
    private let tastes = TasteStore()
    private let store = RecommendationStore()

    init(database: Database, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.now = now
    }

    /// The best for a user, with their prices; the same for the same facts.
    ///
    /// - Throws: `StorageError`.
    func best(
        _ limit: Int, for user: UserID
    ) async throws -> [(recommendation: Recommendation, price: Money?)] {
        let now = now()
        return try await database.read { [store] transaction in
            let own =
                try store.byTaste(of: user, at: now, in: transaction)
                + store.byPurchases(of: user, at: now, in: transaction)
            let all =
                try own
                + store.byPopularity(
                    for: user, among: own.map(\.product), at: now, in: transaction)
            let reasons = Dictionary(grouping: all, by: \.product).mapValues { $0.map(\.reason) }
            let products = try store.products(
                Array(reasons.keys), andNewestFor: user, limit: limit, at: now,
                in: transaction)
            let ranked = Recommendation.ranked(products, reasons: reasons, limit: limit)
            let prices = try store.prices(
                of: ranked.map(\.product.id), at: now, in: transaction)
            return ranked.map { ($0, prices[$0.product.id]) }
        }
    }

    /// Learns what a user says of themselves.
    func learn(
        _ preferences: [String: String], of user: UserID, in transaction: Transaction
    ) throws {
        try tastes.put(Tastes.words(of: preferences), of: user, in: transaction)
    }

    /// Learns from an order. What was given says nothing of what people choose, and is not counted;
    /// whoever got it has it all the same.
    func learn(_ order: OrderConfirmed, in transaction: Transaction) throws {
        let products = try tastes.products(of: order.items.map(\.productID), in: transaction)
        if order.kind != "welcome" {
            try tastes.count(products, in: order.orderID, in: transaction)
        }
        try tastes.note(products, bookedBy: order.userID, in: transaction)
    }

    /// Forgets a user, for ever.
    func forget(_ user: UserID, at deletedAt: Date, in transaction: Transaction) throws {
        try tastes.erase(user, at: deletedAt, in: transaction)
    }
}
