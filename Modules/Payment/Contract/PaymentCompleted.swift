public import Events
public import Foundation

/// A payment came to its end, well or not.
///
/// - Source: `payment.charge`, in the transaction that records the provider's answer.
/// - Heard by: `order.payments`, `audit.trail`.
public struct PaymentCompleted: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "PaymentCompletedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "payment.events"
    /// Made from the order's id, so that it is the same at every try.
    public let paymentID: PaymentID
    /// The order that it was for.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// The order's total: charged, or refused.
    public let amount: Money
    /// Which end it came to.
    public let status: Status
    /// Why it failed, as a machine code; `nil` when it did not.
    public let failureReason: String?
    /// UTC.
    public let completedAt: Date
    /// Which try of the order it was: 1 for the first; `nil` in events of old.
    public let attempt: Int?

    /// The two ends of a payment.
    public enum Status: String, Codable, Sendable, CaseIterable {
        case completed
        case failed
    }

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        paymentID: PaymentID, orderID: OrderID, userID: UserID, amount: Money, status: Status,
        failureReason: String?, completedAt: Date, attempt: Int?
    ) {
        self.paymentID = paymentID
        self.orderID = orderID
        self.userID = userID
        self.amount = amount
        self.status = status
        self.failureReason = failureReason
        self.completedAt = completedAt
        self.attempt = attempt
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case orderID = "orderId"
        case userID = "userId"
        case amount, status, failureReason, completedAt, attempt
    }
}
