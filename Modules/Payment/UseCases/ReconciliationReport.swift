public import Events
public import Foundation

/// What the reckoning of payments against bookings found.
public struct ReconciliationReport: Codable, Sendable, Hashable {
    /// Whether every currency comes out even and no order differs.
    public let isBalanced: Bool
    /// One a currency, by its code.
    public let totals: [Total]
    /// Orders and payments that somebody has to look at, oldest first; 1000 at most.
    public let differences: [Difference]

    init(totals: [Total], differences: [Difference]) {
        self.totals = totals
        self.differences = differences
        isBalanced = differences.isEmpty && totals.allSatisfy { $0.imbalance == 0 }
    }

    /// The sums of one currency, in minor units.
    public struct Total: Codable, Sendable, Hashable {
        /// Which.
        public let currency: Currency
        /// What was taken and neither went back nor is about to.
        public let received: Int64
        /// What is to be there: bookings without what was asked back, and fees.
        public let due: Int64
        /// What orders on their way make of the difference; they have time until the grace is over.
        public let inFlight: Int64
        /// What is left of the difference.
        public let imbalance: Int64
    }

    /// Something that differs.
    public struct Difference: Codable, Sendable, Hashable {
        /// In which way.
        public let kind: Kind
        /// The order.
        public let orderID: OrderID
        /// The payment, where it is about one.
        public let paymentID: PaymentID?
        /// The refund, where it is about one.
        public let refundID: RefundID?
        /// Of the amounts.
        public let currency: Currency
        /// What is there, in minor units; of a refund, its amount.
        public let received: Int64
        /// What is to be there.
        public let due: Int64
        /// Since when.
        public let since: Date

        private enum CodingKeys: String, CodingKey {
            case kind
            case orderID = "orderId"
            case paymentID = "paymentId"
            case refundID = "refundId"
            case currency, received, due, since
        }
    }

    /// In which ways things can differ.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case paidNotConfirmed = "paid_not_confirmed"
        case confirmedNotPaid = "confirmed_not_paid"
        case amountsDiffer = "amounts_differ"
        case refundStuck = "refund_stuck"
        case refundFailed = "refund_failed"
        case outcomeUnknown = "outcome_unknown"
        case needsReview = "needs_review"
    }
}
