public import Events
public import Foundation

/// A refund came to its end, well or not.
///
/// - Source: `payment.refunds` and the provider's webhooks.
/// - Heard by: `order.payments`, `audit.trail`.
public struct PaymentRefunded: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "PaymentRefundedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "payment.events"
    /// The payment.
    public let paymentID: PaymentID
    /// The order.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// The refund.
    public let refundID: RefundID
    /// What went back, or was to.
    public let amount: Money
    /// All that went back of this payment so far.
    public let refundedTotal: Money
    /// Which end it came to.
    public let status: Status
    /// Why it failed, as a machine code; `nil` when it did not.
    public let failureReason: String?
    /// UTC.
    public let refundedAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// The two ends of a refund.
    public enum Status: String, Codable, Sendable, CaseIterable {
        case completed
        case failed
    }

    /// Puts the fact together.
    public init(
        paymentID: PaymentID, orderID: OrderID, userID: UserID, refundID: RefundID, amount: Money,
        refundedTotal: Money, status: Status, failureReason: String?, refundedAt: Date
    ) {
        self.paymentID = paymentID
        self.orderID = orderID
        self.userID = userID
        self.refundID = refundID
        self.amount = amount
        self.refundedTotal = refundedTotal
        self.status = status
        self.failureReason = failureReason
        self.refundedAt = refundedAt
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case orderID = "orderId"
        case userID = "userId"
        case refundID = "refundId"
        case amount, refundedTotal, status, failureReason, refundedAt
    }
}
