import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Order
import OrderContract
import PaymentContract
import Storage
import UserContract

// Suites that run a module are serialized: each case opens two databases, and with all of them at
// once a test process holds more than 1024 files, which Foundation's Process does not survive.

/// An order as a client reads it.
struct OrderSeen: Decodable, Equatable {
    let id: OrderID
    let kind: String
    let status: String
    let items: [OrderCreated.Item]
    let total: Money
    let createdAt: Date
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
        try FlotillaJSON.decoder().decode(T.self, from: body)
    }
}

extension Currency {
    static let euro = Currency(rawValue: "EUR")!
    static let dollar = Currency(rawValue: "USD")!
}

extension VariantID {
    /// The first product of the default configuration, 19.99 euro.
    static let first = VariantID("01970000-0000-7000-8000-000000000001")!
    /// The second, 49.50 euro.
    static let second = VariantID("01970000-0000-7000-8000-000000000002")!
}

extension UserRegistered {
    static func sample(_ id: UserID) -> UserRegistered {
        UserRegistered(
            userID: id, email: "ada@example.org", firstName: "Ada", lastName: "Lovelace",
            status: "pending_verification", createdAt: TestTime().now)
    }
}

extension PaymentCompleted {
    static func sample(
        _ order: OrderID, of user: UserID = UserID(), _ status: Status
    ) -> PaymentCompleted {
        PaymentCompleted(
            paymentID: PaymentID(), orderID: order, userID: user,
            amount: Money(amount: 1_999, currency: .euro), status: status,
            failureReason: status == .failed ? "card_declined" : nil,
            completedAt: TestTime().now, attempt: 1)
    }
}

extension ModuleHarness where M == OrderModule {
    /// Places an order over HTTP.
    func place(
        _ items: [(VariantID, Int)] = [(.first, 1)], as caller: TestCaller
    ) async throws -> OrderSeen {
        let lines = items.map { #"{"productId":"\#($0.0)","quantity":\#($0.1)}"# }
        return try await send(
            .post, "/api/v1/orders", as: caller,
            json: #"{"items":[\#(lines.joined(separator: ","))]}"#
        ).read()
    }

    func show(_ id: OrderID, as caller: TestCaller) async throws -> OrderSeen {
        try await send(.get, "/api/v1/orders/\(id)", as: caller).read()
    }

    func list(_ query: String = "", as caller: TestCaller) async throws -> OrderPageSeen {
        try await send(.get, "/api/v1/orders\(query)", as: caller).read()
    }
}
