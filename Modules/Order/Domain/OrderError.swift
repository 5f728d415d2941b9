import EventBus
import Events
import HTTPTypes
import Web

/// What Order refuses.
enum OrderError: Error, Hashable {
    case empty
    case totalTooLarge
    case notFound
    case notPayable(OrderID)
    case unknownOrder(OrderID)
    case customerDeleted
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
        case .notPayable:
            ("order.not_payable", .conflict, "the order does not wait for a payment")
        case .customerDeleted:
            ("order.customer_deleted", .forbidden, "this account was deleted")
        }
    }
}

/// No later try makes a settled order payable.
extension OrderError: PermanentFailure {}
