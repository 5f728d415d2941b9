import Events
import Foundation
import Storage

extension Orders {
    /// Places the welcome order of a new user, or notes that it is due until there is such a
    /// product; does nothing when there was one.
    func welcome(_ user: UserID, in transaction: Transaction) throws {
        guard try customers.hold(user, in: transaction) else { return }
        try welcomes.passGate(in: transaction)
        guard try !placeWelcome(for: user, in: transaction) else { return }
        try welcomes.add(user, at: localNow(), in: transaction)
    }

    /// Places the welcome orders that were waiting for their product.
    func welcomeThoseDue(in transaction: Transaction) throws {
        try welcomes.passGate(in: transaction)
        while case let users = try welcomes.first(in: transaction), !users.isEmpty {
            for user in users {
                let isDeleted = try !customers.hold(user, in: transaction)
                guard try isDeleted || placeWelcome(for: user, in: transaction) else { return }
                try welcomes.remove(user, in: transaction)
            }
        }
    }

    /// - Returns: `false` while there is nothing to place.
    private func placeWelcome(for user: UserID, in transaction: Transaction) throws -> Bool {
        guard try !store.hasWelcome(user, in: transaction) else { return true }
        guard let product = policy.welcomeProduct,
            let variant = try catalogue.variants([product], in: transaction)[product],
            variant.isActive, !variant.isPricedByRules, let price = variant.prices.first
        else { return false }
        let order = try Order(
            id: OrderID(), number: "", userID: user, kind: .welcome,
            items: [variant.ordered(max(1, variant.quantityMin), at: price)],
            address: customers.snapshot(of: user, address: nil, in: transaction),
            at: now(transaction).wholeMilliseconds)
        _ = try insert(order, by: .house, in: transaction)
        return true
    }

    /// Erases a deleted user wherever orders know them. Totals stay.
    func forget(_ user: UserID, deletedAt: Date, in transaction: Transaction) throws {
        try customers.erase(user, at: deletedAt, in: transaction)
        try store.forgetCustomer(user, in: transaction)
        try catalogue.forgetQuotes(of: user, in: transaction)
        try welcomes.remove(user, in: transaction)
    }

    /// Calls off what a deleted user did not pay. What is paid is kept: it is on its way to be
    /// confirmed, or is.
    func cancelUnpaid(of user: UserID, in transaction: Transaction) throws {
        for order in try store.open(of: user, in: transaction) where order.taken == nil {
            _ = try change(order.id, by: .house, in: transaction) {
                try $0.cancel(because: .customerDeleted, fees: nil)
            }
        }
    }
}
