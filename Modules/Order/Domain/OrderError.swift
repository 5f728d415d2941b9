import EventBus
import Events
import HTTPTypes
import Web

/// What Order refuses.
enum OrderError: Error, Hashable {
    case empty
    case totalTooLarge
    case notFound
    case unknownOrder(OrderID)
    case customerDeleted
    case quoteRequired
    case quoteUnknown
    case quoteNotFound
    case quoteExpired
    case quoteUsed
    case nothingToRefund
    case refundTooLarge
    case refused(TransitionRefusal)
}

extension OrderError: Refusal {
    var answer: (code: String, status: HTTPResponse.Status, detail: String) {
        switch self {
        case .empty:
            ("order.empty", .unprocessableContent, "an order needs at least one item")
        case .totalTooLarge:
            ("order.total_too_large", .unprocessableContent, "the total is too large")
        case .notFound, .unknownOrder:
            ("order.not_found", .notFound, "there is no such order")
        case .customerDeleted:
            ("order.customer_deleted", .forbidden, "this account was deleted")
        case .quoteRequired:
            (
                "order.quote_required", .unprocessableContent,
                "the price is made by rules: ask for a quote first"
            )
        case .quoteUnknown:
            ("order.quote_unknown", .conflict, "there is no such quote, or not yet")
        case .quoteNotFound:
            ("order.quote_not_found", .notFound, "there is no such quote")
        case .quoteExpired:
            ("order.quote_expired", .conflict, "the quote has expired: ask for another")
        case .quoteUsed:
            ("order.quote_used", .conflict, "the quote has become an order already")
        case .nothingToRefund:
            ("order.nothing_to_refund", .conflict, "nothing was paid that could go back")
        case .refundTooLarge:
            ("order.refund_too_large", .conflict, "that is more than is left of the payment")
        case .refused(let refusal):
            (refusal.rawValue, .conflict, refusal.detail)
        }
    }
}

extension TransitionRefusal {
    fileprivate var detail: String {
        switch self {
        case .alreadyPlaced: "the order was placed already"
        case .alreadyConfirmed: "the order is paid and confirmed"
        case .alreadyCancelled: "the order is cancelled already"
        case .notPayable: "the order does not wait for a payment to be tried again"
        case .attemptsExhausted: "the order can't be paid any more: no attempt is left"
        case .notCancellable: "the order can't be cancelled any more"
        case .notRefundable: "nothing can be given back of the order as it is: cancel it"
        case .notFulfillable: "the booking is not at the step before"
        }
    }
}

/// No later try makes them right.
extension OrderError: PermanentFailure {}
