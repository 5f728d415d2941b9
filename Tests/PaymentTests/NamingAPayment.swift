import Events
import Foundation
import Testing

@testable import Payment

@Suite struct `Naming a payment` {
    @Test func `makes one name of one order and attempt`() {
        let (order, other) = (OrderID(), OrderID())
        #expect(PaymentID(of: order) == PaymentID(of: order))
        #expect(PaymentID(of: order) == PaymentID(of: order, attempt: 1))
        #expect(PaymentID(of: order) != PaymentID(of: order, attempt: 2))
        #expect(PaymentID(of: order, attempt: 2) != PaymentID(of: order, attempt: 3))
        #expect(PaymentID(of: order) != PaymentID(of: other))
        #expect(PaymentID(of: order).uuid != order.uuid)
    }

    @Test func `keeps its name in every release`() throws {
        let order = try #require(OrderID("01970000-0000-7000-8000-000000000001"))
        #expect(PaymentID(of: order).description == "bdc154d6-c4ab-8c73-9c20-463554ece4c4")
    }

    @Test func `is a UUID of version 8`() {
        for attempt in 1...3 {
            for _ in 0..<50 {
                let text = Array(PaymentID(of: OrderID(), attempt: attempt).description)
                #expect(text[14] == "8")
                #expect("89ab".contains(text[19]))
            }
        }
    }
}
