import Events
import Foundation
import Storage
import Web

extension Orders {
    /// What calling an order off would cost its customer now, and the version that it is true of.
    ///
    /// - Throws: ``OrderError/notFound``; ``OrderError/refused(_:)`` when it can't be called off.
    func cancellation(
        of id: OrderID, by user: UserID
    ) async throws -> (OrderChange.CancellationTerms, version: Int64) {
        try await database.read { transaction in
            let order = try find(id, of: user, in: transaction)
            let change = OrderChange(
                order, by: .customer(user), at: try now(transaction).wholeMilliseconds,
                paymentWindow: policy.paymentWindow)
            // Whether it could be is asked by doing it; nothing of it is saved.
            var attempt = change
            try attempt.cancel(because: .customer, fees: policy.cancellationFees)
            return (change.terms(policy.cancellationFees), order.version)
        }
    }
}
