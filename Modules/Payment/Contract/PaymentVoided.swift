public import Events
public import Foundation

/// Money that was set aside was let go, and none was taken.
///
/// - Source: administrators, and orders that came to nothing.
/// - Heard by: `order.payments`, `audit.trail`.
public struct PaymentVoided: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "PaymentVoidedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "payment.events"
    /// The payment.
    public let paymentID: PaymentID
    /// The order.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// What had been set aside.
    public let amount: Money
    /// Machine code: `administrator`, `order_cancelled`, `order_expired`, `order_rejected`,
    /// `authorization_expired`; `provider` when it let go of its own accord.
    public let reason: String
    /// UTC.
    public let voidedAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        paymentID: PaymentID, orderID: OrderID, userID: UserID, amount: Money, reason: String,
        voidedAt: Date
    ) {
        self.paymentID = paymentID
        self.orderID = orderID
        self.userID = userID
        self.amount = amount
        self.reason = reason
        self.voidedAt = voidedAt
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case orderID = "orderId"
        case userID = "userId"
        case amount, reason, voidedAt
    }
}
