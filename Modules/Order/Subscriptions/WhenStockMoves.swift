import EventBus
import Events
import Foundation
import OrderContract
import ProductContract

extension OrderModule {
    /// Takes what becomes of orders' stock.
    var stockSubscription: Subscription {
        let orders = orders
        return Subscription(
            "order.stock", replay: .repeated,
            [
                .on(StockHeld.self) { event, delivery, transaction in
                    try orders.hear(delivery.id, of: event.orderID, in: transaction) {
                        try $0.hold()
                    }
                },
                .on(StockRefused.self) { event, delivery, transaction in
                    try orders.hear(delivery.id, of: event.orderID, in: transaction) {
                        try $0.refuseStock(because: event.reason)
                    }
                },
                .on(StockAllocated.self) { event, delivery, transaction in
                    try orders.hear(delivery.id, of: event.orderID, in: transaction) {
                        try $0.allocate()
                    }
                },
                .on(StockReleased.self) { event, delivery, transaction in
                    try orders.hear(delivery.id, of: event.orderID, in: transaction) {
                        try $0.release(because: event.reason)
                    }
                },
            ])
    }

    /// Ends orders whose time is over.
    var deadlinesSubscription: Subscription {
        let orders = orders
        return Subscription(
            "order.deadlines", replay: .repeated,
            [
                .on(OrderDeadlineDue.self) { event, delivery, transaction in
                    try orders.hear(delivery.id, of: event.orderID, in: transaction) { change in
                        // One that was put off, or has nothing to end any more, is not due.
                        let deadline = change.order.deadline?.wholeMilliseconds
                        guard deadline == event.deadline.wholeMilliseconds else { return }
                        try change.passDeadline()
                    }
                }
            ])
    }
}
