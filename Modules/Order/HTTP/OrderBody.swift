import Events
import Foundation

/// An order as its owner sees it.
struct OrderBody: Encodable, Sendable {
    let id: OrderID
    let number: String
    let kind: String
    /// The one word to read first.
    let status: String
    let state: String
    let paymentStatus: String
    let fulfilmentStatus: String
    let items: [OrderedItem]
    let total: Money
    let quoteID: QuoteID?
    let address: AddressSnapshot?
    /// How many payments were asked for.
    let attempt: Int
    /// When it ends unless it is paid; `nil` when it waits for no payment.
    let payBy: Date?
    let paid: Money?
    let refunded: Money?
    /// What is on its way back.
    let refundPending: Money?
    /// What the house kept when it was cancelled.
    let fee: Money?
    /// Why it ended, as a machine code.
    let endReason: String?
    let createdAt: Date
    let updatedAt: Date

    init(_ order: Order) {
        id = order.id
        number = order.number
        kind = order.kind.rawValue
        status = order.status.rawValue
        state = order.state.rawValue
        paymentStatus = order.paymentStatus.rawValue
        fulfilmentStatus = order.fulfilmentStatus.rawValue
        items = order.items
        total = order.total
        quoteID = order.quoteID
        address = order.address
        attempt = order.attempt
        payBy = order.isCovered ? nil : order.deadline
        paid = order.taken
        let currency = order.taken?.currency ?? order.total.currency
        func amount(_ amount: Int64) -> Money? {
            amount == 0 ? nil : Money(amount: amount, currency: currency)
        }
        refunded = amount(order.refundedAmount)
        refundPending = amount(order.refundPendingAmount)
        fee = order.fee
        endReason = order.endReason
        createdAt = order.createdAt
        updatedAt = order.updatedAt
    }

    private enum CodingKeys: String, CodingKey {
        case quoteID = "quoteId"
        case id, number, kind, status, state, paymentStatus, fulfilmentStatus, items, total,
            address, attempt, payBy, paid, refunded, refundPending, fee, endReason, createdAt,
            updatedAt
    }
}

/// An order as those see it who look after it.
struct StaffOrderBody: Encodable, Sendable {
    let order: OrderBody
    let userID: UserID
    let paymentID: PaymentID?
    /// What its customer or an administrator wrote when it was cancelled.
    let endNote: String?
    /// `nil` in lists.
    let refunds: [RefundBody]?

    init(_ order: Order, refunds: [OrderRefund]? = nil) {
        self.order = OrderBody(order)
        userID = order.userID
        paymentID = order.paymentID
        endNote = order.endNote
        self.refunds = refunds.map { $0.map { RefundBody($0) } }
    }

    /// The owner's fields and the others side by side.
    func encode(to encoder: any Encoder) throws {
        try order.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(userID, forKey: .userID)
        try container.encodeIfPresent(paymentID, forKey: .paymentID)
        try container.encodeIfPresent(endNote, forKey: .endNote)
        try container.encodeIfPresent(refunds, forKey: .refunds)
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case paymentID = "paymentId"
        case endNote, refunds
    }
}

/// A refund as those see it who look after orders.
struct RefundBody: Encodable, Sendable {
    let id: RefundID
    let paymentID: PaymentID
    let amount: Money
    let reason: String
    let status: String
    let requestedAt: Date
    /// What an administrator wrote about it.
    let note: String?

    init(_ refund: OrderRefund) {
        id = refund.id
        paymentID = refund.paymentID
        amount = refund.amount
        reason = refund.reason.rawValue
        status = refund.status.rawValue
        requestedAt = refund.requestedAt
        note = refund.note
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case id, amount, reason, status, requestedAt, note
    }
}

/// What calling an order off would cost now.
struct CancellationBody: Encodable, Sendable {
    let fee: Money
    let refund: Money

    init(_ terms: OrderChange.CancellationTerms) {
        fee = terms.fee
        refund = terms.refund
    }
}

/// One line of an order's story.
struct TimelineBody: Encodable, Sendable {
    let seq: Int
    let at: Date
    let occurrence: String
    let fromState: String
    let toState: String
    let actor: String
    /// Who it was; for staff alone.
    let actorID: UserID?
    let detail: TimelineEntry.Detail

    init(_ entry: TimelineEntry, isForStaff: Bool) {
        seq = entry.seq
        at = entry.at
        occurrence = entry.occurrence.rawValue
        fromState = entry.from.rawValue
        toState = entry.to.rawValue
        actor = entry.actor.kind.rawValue
        actorID = isForStaff ? entry.actor.id : nil
        detail = entry.detail
    }

    private enum CodingKeys: String, CodingKey {
        case actorID = "actorId"
        case seq, at, occurrence, fromState, toState, actor, detail
    }
}
