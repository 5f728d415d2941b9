import Events
import FlotillaTesting
import Foundation
import Storage

@testable import Order
@testable import Payment

// What the provider did, compared with what Payment says of it.

extension Books {
    /// A payment as both sides have it.
    private struct Charge {
        let payment: Payment
        let callCount: Int?
        /// What the provider took.
        let taken: Int64
        /// What it gave back.
        let returned: Int64
        let refundCallCountMax: Int
    }

    /// What the provider took for an order and did not give back.
    static func kept(of order: OrderID, in simulation: Simulation) throws -> Int64 {
        try charges(of: order, in: simulation).reduce(0) { $0 + $1.taken - $1.returned }
    }

    /// Charges that were made twice, or that the sides do not agree on.
    func chargeFaults() throws -> [String] {
        // A process that wakes late may call once more, under the same id.
        let callCountMax = simulation.happened.contains { $0.contains("pause") } ? 2 : 1
        return try entries.flatMap { entry -> [String] in
            let charges = try Self.charges(of: entry.order.id, in: simulation)
            var faults: [String] = []
            func check(_ isWell: Bool, _ text: String) {
                if !isWell { faults.append("\(entry.order.id): \(text)") }
            }
            check(
                charges.count == entry.order.attempt,
                "\(charges.count) payments at \(entry.order.attempt) attempts")
            for charge in charges {
                let payment = charge.payment
                check(payment.amount == entry.order.total, "another amount was charged")
                check((charge.callCount ?? 1) <= callCountMax, "the provider was called again")
                check(charge.refundCallCountMax <= callCountMax, "a refund was called again")
                check(
                    payment.capturedAmount == charge.taken,
                    "taken \(charge.taken), known \(payment.capturedAmount)")
                check(
                    payment.refundedAmount == charge.returned && payment.refundingAmount == 0,
                    "returned \(charge.returned), known \(payment.refundedAmount)")
                check(
                    ![.initiated, .processing, .unknown, .authorized, .refunding]
                        .contains(payment.state), "its payment is still \(payment.state)")
            }
            return faults
        }
    }

    private static func charges(of order: OrderID, in simulation: Simulation) throws -> [Charge] {
        try simulation.read(PaymentModule.name) { transaction in
            try PaymentStore().payments(of: order, in: transaction).map { payment in
                let record = try SimulationStore().find(payment.id, in: transaction)
                let row = try transaction.first(
                    "SELECT call_count FROM simulated_payments WHERE id = \(payment.id)")
                let refunds = try transaction.first(
                    """
                    SELECT COALESCE(SUM(amount), 0) AS amount, COALESCE(MAX(call_count), 0) AS calls
                    FROM simulated_refunds WHERE payment_id = \(payment.id)
                    """)
                var taken: Int64 = 0
                if let record, !record.isVoided,
                    Shop.provider.failure(of: payment.id, payment.amount) == nil
                {
                    taken = record.captures ? record.amount.amount : record.capturedAmount ?? 0
                }
                return Charge(
                    payment: payment, callCount: try row?.get("call_count", as: Int.self),
                    taken: taken, returned: try refunds?.get("amount") ?? 0,
                    refundCallCountMax: try refunds?.get("calls") ?? 0)
            }
        }
    }
}
