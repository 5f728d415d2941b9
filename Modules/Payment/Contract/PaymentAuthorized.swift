public import Events
public import Foundation

/// A provider set the money of an order aside; it is taken later.
///
/// - Source: `payment.charge` and the provider's webhooks.
/// - Heard by: `order.payments`, `audit.trail`.
public struct PaymentAuthorized: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "PaymentAuthorizedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "payment.events"
    /// The payment.
    public let paymentID: PaymentID
    /// The order.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// What was set aside.
    public let amount: Money
    /// When the provider lets go of it; `nil` when it does not say.
    public let expiresAt: Date?
    /// UTC.
    public let authorizedAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        paymentID: PaymentID, orderID: OrderID, userID: UserID, amount: Money, expiresAt: Date?,
        authorizedAt: Date
    ) {
        self.paymentID = paymentID
        self.orderID = orderID
        self.userID = userID
        self.amount = amount
        self.expiresAt = expiresAt
        self.authorizedAt = authorizedAt
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case orderID = "orderId"
        case userID = "userId"
        case amount, expiresAt, authorizedAt
    }
}
