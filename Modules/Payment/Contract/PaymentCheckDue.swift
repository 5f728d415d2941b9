public import Events

/// The outcome of a payment is to be asked for. A note of Payment to itself, for later.
///
/// - Source: payments whose outcome is unknown, and refunds likewise.
/// - Heard by: `payment.checks`.
public struct PaymentCheckDue: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "PaymentCheckDueEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "payment.events"
    /// The payment.
    public let paymentID: PaymentID
    /// The order.
    public let orderID: OrderID
    /// The refund that is asked about; `nil` for the payment itself.
    public let refundID: RefundID?
    /// 1 for the first question.
    public let round: Int

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        paymentID: PaymentID, orderID: OrderID, refundID: RefundID?, round: Int
    ) {
        self.paymentID = paymentID
        self.orderID = orderID
        self.refundID = refundID
        self.round = round
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case orderID = "orderId"
        case refundID = "refundId"
        case round
    }
}
