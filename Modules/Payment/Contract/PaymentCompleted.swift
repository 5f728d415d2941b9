public import Events
public import Foundation

/// A payment came to its end, well or not.
///
/// - Source: `payment.charge`, in the transaction that records the provider's answer.
/// - Heard by: `order.payments`, `audit.trail`.
public struct PaymentCompleted: Event {
    public static let type: EventType = "PaymentCompletedEventV1"
    public static let topic: Topic = "payment.events"
    public let paymentID: PaymentID
    public let orderID: OrderID
    public let userID: UserID
    public let amount: Money
    public let status: Status
    /// Why it failed, as a machine code; `nil` when it did not.
    public let failureReason: String?
    /// UTC.
    public let completedAt: Date

    /// The two ends of a payment.
    public enum Status: String, Codable, Sendable {
        case completed
        case failed
    }

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        paymentID: PaymentID, orderID: OrderID, userID: UserID, amount: Money, status: Status,
        failureReason: String?, completedAt: Date
    ) {
        self.paymentID = paymentID
        self.orderID = orderID
        self.userID = userID
        self.amount = amount
        self.status = status
        self.failureReason = failureReason
        self.completedAt = completedAt
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case orderID = "orderId"
        case userID = "userId"
        case amount, status, failureReason, completedAt
    }
}
