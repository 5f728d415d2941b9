import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Order
import OrderContract
import PaymentContract
import ProductContract
import Storage
import UserContract
import Web

// Suites that run a module are serialized: each case opens two databases, and with all of them at
// once a test process holds more than 1024 files, which Foundation's Process does not survive.

/// An order as a client reads it.
struct OrderSeen: Decodable, Equatable {
    let id: OrderID
    let number: String
    let kind: String
    let status: String
    let state: String
    let paymentStatus: String
    let fulfilmentStatus: String
    let items: [OrderCreated.Item]
    let total: Money
    let address: AddressSeen?
    let attempt: Int
    let payBy: Date?
    let paid: Money?
    let refunded: Money?
    let refundPending: Money?
    let fee: Money?
    let endReason: String?
    let createdAt: Date

    struct AddressSeen: Decodable, Equatable {
        let firstName: String
        let line1: String
    }
}

struct EntrySeen: Decodable, Equatable {
    let seq: Int
    let occurrence: String
    let fromState: String
    let toState: String
    let actor: String
    let detail: DetailSeen

    struct DetailSeen: Decodable, Equatable {
        let note: String?
        let reason: String?
    }
}

struct TimelineSeen: Decodable {
    let items: [EntrySeen]
}

struct OrderPageSeen: Decodable {
    let items: [OrderSeen]
    let nextCursor: String?
}

struct ProblemSeen: Decodable {
    let code: String
    let errors: [FieldSeen]?

    struct FieldSeen: Decodable {
        let pointer: String
        let detail: String
    }
}

extension TestAnswer {
    func read<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try FlotillaJSON.decode(T.self, from: body)
    }
}

extension Currency {
    static let euro = Currency(rawValue: "EUR")!
    static let dollar = Currency(rawValue: "USD")!
}

extension VariantID {
    /// The welcome product, 19.99 euro.
    static let first = VariantID("01970000-0000-7000-8000-000000000001")!
    /// The second, 49.50 euro or 55 dollars.
    static let second = VariantID("01970000-0000-7000-8000-000000000002")!
    /// It begins ten days after the tests' clock.
    static let tour = VariantID("01970000-0000-7000-8000-000000000003")!
    /// Its price is made by rules.
    static let room = VariantID("01970000-0000-7000-8000-000000000004")!
    /// Not sold at present.
    static let closed = VariantID("01970000-0000-7000-8000-000000000005")!
    /// Two to four pieces of it.
    static let boat = VariantID("01970000-0000-7000-8000-000000000006")!
}

extension ProductID {
    static let trip = ProductID("01970000-0000-7000-8000-0000000000aa")!
}

extension UserRegistered {
    static func sample(_ id: UserID) -> UserRegistered {
        UserRegistered(
            userID: id, email: "ada@example.org", firstName: "Ada", lastName: "Lovelace",
            status: "pending_verification", createdAt: TestTime().now)
    }
}

extension Money {
    static func euro(_ amount: Int64) -> Money { Money(amount: amount, currency: .euro) }
}

extension ProductDescription {
    /// A product with all the variants that tests order.
    static func sample(version: Int64 = 1, status: String = "active") -> ProductDescription {
        func variant(
            _ id: VariantID, _ name: String, _ prices: [Money], startsAt: Date? = nil,
            isActive: Bool = true, quantity: ClosedRange<Int> = 1...999, byRules: Bool = false
        ) -> Variant {
            Variant(
                id: id, sku: name.uppercased(), name: name, isActive: isActive, prices: prices,
                startsAt: startsAt, quantityMin: quantity.lowerBound,
                quantityMax: quantity.upperBound, isPricedByRules: byRules)
        }
        return ProductDescription(
            id: .trip, version: version, kind: "package", name: "Trip", status: status,
            categories: [],
            variants: [
                variant(.first, "first", [.euro(1_999)]),
                variant(
                    .second, "second", [.euro(4_950), Money(amount: 5_500, currency: .dollar)]),
                variant(
                    .tour, "tour", [.euro(10_001)],
                    startsAt: TestTime().now + 10 * 86_400),
                variant(.room, "room", [.euro(9_000)], byRules: true),
                variant(.closed, "closed", [.euro(100)], isActive: false),
                variant(.boat, "boat", [.euro(500)], quantity: 2...4),
            ])
    }
}

extension PaymentCompleted {
    static func sample(
        _ order: OrderSeen, _ status: Status = .completed, attempt: Int? = 1,
        amount: Money? = nil, payment: PaymentID = PaymentID()
    ) -> PaymentCompleted {
        PaymentCompleted(
            paymentID: payment, orderID: order.id, userID: UserID(),
            amount: amount ?? order.total, status: status,
            failureReason: status == .failed ? "card_declined" : nil,
            completedAt: TestTime().now, attempt: attempt)
    }
}

extension ModuleHarness where M == OrderModule {
    /// An order module that knows the catalogue.
    static func withCatalogue(
        settings: [String: String] = [:]
    ) async throws -> ModuleHarness {
        let harness = try await ModuleHarness(OrderModule.self, settings: settings)
        try await harness.publish(
            ProductCreated(product: .sample(), createdAt: harness.time.now))
        try await harness.settle()
        return harness
    }

    /// Asks for an order over HTTP.
    func order(
        _ body: String, as caller: TestCaller, headers: HTTPFields = [:]
    ) async throws -> TestAnswer {
        try await send(.post, "/api/v1/orders", as: caller, headers: headers, json: body)
    }

    /// Places an order over HTTP.
    func place(
        _ items: [(VariantID, Int)] = [(.first, 1)], as caller: TestCaller
    ) async throws -> OrderSeen {
        let lines = items.map { #"{"productId":"\#($0.0)","quantity":\#($0.1)}"# }
        return try await order(
            #"{"items":[\#(lines.joined(separator: ","))]}"#, as: caller
        ).read()
    }

    func show(_ id: OrderID, as caller: TestCaller) async throws -> OrderSeen {
        try await send(.get, "/api/v1/orders/\(id)", as: caller).read()
    }

    func list(_ query: String = "", as caller: TestCaller) async throws -> OrderPageSeen {
        try await send(.get, "/api/v1/orders\(query)", as: caller).read()
    }

    func timeline(_ id: OrderID, as caller: TestCaller) async throws -> [EntrySeen] {
        try await send(.get, "/api/v1/orders/\(id)/timeline", as: caller)
            .read(TimelineSeen.self).items
    }

    /// Says something as its module would, and lets it be heard.
    func hear(_ event: some Event) async throws {
        try await publish(event)
        try await settle()
    }

    func hold(_ order: OrderSeen) async throws {
        try await hear(
            StockHeld(
                orderID: order.id, expiresAt: time.now + 600, heldAt: time.now))
    }

    func refuseStock(of order: OrderSeen) async throws {
        try await hear(
            StockRefused(
                orderID: order.id, reason: "insufficient_stock", shortages: [],
                refusedAt: time.now))
    }

    func allocate(_ order: OrderSeen) async throws {
        try await hear(StockAllocated(orderID: order.id, allocatedAt: time.now))
    }

    /// Brings a new order to a state, by what would bring it there.
    func place(
        _ items: [(VariantID, Int)] = [(.first, 1)], until state: String, as caller: TestCaller
    ) async throws -> OrderSeen {
        let order = try await place(items, as: caller)
        if state == "awaiting_stock" { return order }
        if state == "rejected" {
            try await refuseStock(of: order)
        } else if state == "expired" {
            time.advance(by: .seconds(901))
            try await settle()
        } else if state == "cancelled" {
            _ = try await cancel(order.id, as: caller)
        } else {
            try await hold(order)
            if state == "payment_failed" {
                try await hear(PaymentCompleted.sample(order, .failed))
            } else if state != "awaiting_payment" {
                try await hear(PaymentCompleted.sample(order))
                if state != "paid" { try await allocate(order) }
            }
        }
        return try await show(order.id, as: caller)
    }

    func cancel(
        _ id: OrderID, as caller: TestCaller, ifMatch: String = "*", body: String? = nil
    ) async throws -> TestAnswer {
        try await send(
            .post, "/api/v1/orders/\(id)/cancellation", as: caller,
            headers: [.ifMatch: ifMatch], json: body)
    }

    /// Changes an order as an administrator.
    func administer(
        _ id: OrderID, _ what: String, _ body: String?, method: HTTPRequest.Method = .post,
        ifMatch: String? = "*"
    ) async throws -> TestAnswer {
        var headers: HTTPFields = [:]
        if let ifMatch { headers[.ifMatch] = ifMatch }
        return try await send(
            method, "/api/v1/admin/orders/\(id)\(what)",
            as: TestCaller(permissions: ["orders:read", "orders:write"]), headers: headers,
            json: body)
    }
}
