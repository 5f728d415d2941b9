import Events
import FlotillaTesting
import Foundation
import OrderContract
import Testing

@testable import Order

private func order(
    _ status: Order.Status = .pending,
    _ items: [OrderCreated.Item] = [.sample(1_999, .euro, 1)]
) throws -> Order {
    var order = try Order(
        id: OrderID(), userID: UserID(), kind: .standard, items: items, at: TestTime().now)
    order.status = status
    return order
}

extension OrderCreated.Item {
    fileprivate static func sample(
        _ amount: Int64, _ currency: Currency, _ quantity: Int
    ) -> OrderCreated.Item {
        OrderCreated.Item(
            productID: .first, quantity: quantity,
            unitPrice: Money(amount: amount, currency: currency))
    }
}

@Suite struct `Settling an order` {
    @Test(arguments: [(true, Order.Status.paid), (false, .paymentFailed)])
    func `takes the first result`(isPaid: Bool, status: Order.Status) throws {
        var order = try order()
        try order.settle(isPaid: isPaid)
        #expect(order.status == status)
    }

    @Test(arguments: [Order.Status.paid, .paymentFailed], [true, false])
    func `refuses a second, and the refusal changes nothing`(
        status: Order.Status, isPaid: Bool
    ) throws {
        var order = try order(status)
        #expect(throws: OrderError.notPayable(order.id)) { try order.settle(isPaid: isPaid) }
        #expect(order.status == status)
    }
}

@Suite struct `Adding up an order` {
    @Test func `multiplies and sums`() throws {
        let order = try order(.pending, [.sample(1_999, .euro, 3), .sample(1, .euro, 2)])
        #expect(order.total == Money(amount: 5_999, currency: .euro))
        #expect(order.status == .pending)
    }

    @Test(
        arguments: [
            [.sample(.max, .euro, 1)], [.sample(.max - 1, .euro, 1), .sample(1, .euro, 1)],
            [.sample(.max / 999, .euro, 999)],
        ] as [[OrderCreated.Item]])
    func `goes up to what fits`(items: [OrderCreated.Item]) throws {
        #expect(try order(.pending, items).total.amount > 0)
    }

    @Test(
        arguments: [
            [.sample(.max, .euro, 2)], [.sample(.max, .euro, 1), .sample(1, .euro, 1)],
            [.sample(.max / 999 + 1, .euro, 999)],
            [.sample(1, .euro, 1), .sample(1, .dollar, 1)],
        ] as [[OrderCreated.Item]])
    func `refuses what does not fit, and mixed currencies`(items: [OrderCreated.Item]) {
        #expect(throws: OrderError.totalTooLarge) { try order(.pending, items) }
    }

    @Test func `refuses nothing at all`() {
        #expect(throws: OrderError.empty) { try order(.pending, []) }
    }

    @Test func `tells of itself as it is`() throws {
        let order = try order(.pending, [.sample(5, .dollar, 2)])
        let event = order.created
        #expect(event.orderID == order.id)
        #expect(event.userID == order.userID)
        #expect(event.kind == "standard")
        #expect(event.items == order.items)
        #expect(event.total == Money(amount: 10, currency: .dollar))
        #expect(event.createdAt == order.createdAt)
        #expect(event.key == order.id.description)
    }
}

@Suite struct `Reading the product list` {
    private static let id = "01970000-0000-7000-8000-000000000001"
    private static let other = "01970000-0000-7000-8000-000000000002"

    @Test(arguments: [
        ("\(id)=1999 EUR", 1), ("\(id)=1 USD,\(other)=2 EUR", 2), (" \(id) =1 EUR", 1),
        ("\(id)=9223372036854775807 EUR", 1), (ProductList.standardText, 3),
    ])
    func `takes products with prices`(text: String, count: Int) {
        #expect(ProductList(text)?.products.count == count)
    }

    @Test(arguments: [
        "", ",", id, "\(id)=", "=1 EUR", "\(id)=1", "\(id)=EUR", "\(id)=0 EUR", "\(id)=-1 EUR",
        "\(id)=1.5 EUR", "\(id)=1 eur", "\(id)=1 EURO", "\(id)=1 €", "\(id)=1 EUR x",
        "\(id)=1 EUR=2", "x=1 EUR", "\(id)=9223372036854775808 EUR",
        "\(id)=1 EUR,\(id)=2 EUR", "\(id)=1 EUR;\(other)=2 EUR",
    ])
    func `refuses everything else`(text: String) {
        #expect(ProductList(text) == nil)
    }

    @Test func `finds a product by its id`() throws {
        let list = try #require(ProductList(ProductList.standardText))
        #expect(list[.first]?.price == Money(amount: 1_999, currency: .euro))
        #expect(list[VariantID()] == nil)
    }
}
