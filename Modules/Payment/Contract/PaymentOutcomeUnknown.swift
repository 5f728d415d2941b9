public import Events
public import Foundation

/// A provider did not say what became of a payment. It is not tried again: it is asked about.
///
/// - Source: `payment.charge`, when a call timed out.
/// - Heard by: `order.payments`, `audit.trail`.
public struct PaymentOutcomeUnknown: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "PaymentOutcomeUnknownEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "payment.events"
    /// The payment.
    public let paymentID: PaymentID
    /// The order.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// What was to be charged.
    public let amount: Money
    /// UTC.
    public let since: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        paymentID: PaymentID, orderID: OrderID, userID: UserID, amount: Money, since: Date
    ) {
        self.paymentID = paymentID
        self.orderID = orderID
        self.userID = userID
        self.amount = amount
        self.since = since
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case orderID = "orderId"
        case userID = "userId"
        case amount, since
    }
}
