import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Order
import OrderContract
import Payment
import PaymentContract
import Platform
import Product
import ProductContract
import Testing
import Web

/// What modules really answer, held against docs/openapi.yaml.
@Suite(.serialized) struct `Answering as described` {
    private let document: OpenAPIDocument
    private let customer = TestCaller()
    private let staff = TestCaller(roles: ["admin"])

    init() throws { document = try OpenAPIDocument() }

    @Test func `what Product answers`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await send(
            harness, "POST /api/v1/products", json: Self.product)
        let (id, variant) = (product["id"], product["variants", 0, "id"])
        try await send(harness, "POST /api/v1/products", json: "{}")
        try await send(
            harness, "POST /api/v1/categories", json: #"{"slug":"sea","name":"Sea"}"#)
        for path in ["/api/v1/products", "/api/v1/admin/products", "/api/v1/categories"] {
            try await send(harness, "GET \(path)")
        }
        for path in ["", "/price-history", "/offers"] {
            try await send(harness, "GET /api/v1/products/{id}\(path)", id)
        }
        try await send(harness, "GET /api/v1/admin/products/{id}", id)
        try await send(harness, "PUT /api/v1/products/{id}", id, json: Self.product)
        let stock = "/api/v1/variants/{id}/stock"
        try await send(harness, "GET \(stock)", variant)
        try await send(harness, "PUT \(stock)", variant, json: #"{"onHand":9,"reason":"count"}"#)
        try await send(
            harness, "POST \(stock)/adjustments", variant,
            json: #"{"delta":-20,"reason":"lost"}"#)
        try await send(harness, "GET \(stock)/movements", variant)
        let rule = try await send(
            harness, "POST /api/v1/pricing-rules",
            json: #"{"name":"Group","kind":"group_size","from":2,"permille":-100}"#)
        try await send(
            harness, "PUT /api/v1/pricing-rules/{id}", rule["id"],
            json: #"{"name":"Yule","kind":"season","from":"12-24","to":"12-26","permille":5}"#)
        try await send(harness, "GET /api/v1/pricing-rules")
        let quote = try await send(
            harness, "POST /api/v1/quotes", as: customer,
            json: #"{"items":[{"productId":"\#(variant)","quantity":2}]}"#)
        try await send(harness, "GET /api/v1/quotes/{id}", quote["id"], as: customer)
        try await send(harness, "GET /api/v1/recommendations", as: customer)
        try await send(harness, "DELETE /api/v1/pricing-rules/{id}", rule["id"])
        try await send(harness, "DELETE /api/v1/products/{id}", id)
        try await send(harness, "GET /api/v1/products/{id}", id)
    }

    @Test func `what Order answers`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        let variant = VariantID()
        try await harness.publish(ProductCreated.sample(variant, at: harness.time.now))
        try await harness.settle()
        let order = try await send(
            harness, "POST /api/v1/orders", as: customer,
            json: #"{"items":[{"productId":"\#(variant)","quantity":2}]}"#)
        let id = order["id"]
        try await send(
            harness, "POST /api/v1/orders", as: customer,
            json: """
                {"items":[{"productId":"\(variant)","quantity":2}],
                "expectedTotal":{"amount":1,"currency":"EUR"}}
                """)
        let orderID = try #require(OrderID(id))
        let now = harness.time.now
        try await harness.publish(StockHeld(orderID: orderID, expiresAt: now, heldAt: now))
        try await harness.settle()
        try await send(harness, "POST /api/v1/orders/{id}/payments", id, as: customer)
        try await harness.publish(PaymentCompleted.sample(orderID, customer.userID, at: now))
        try await harness.publish(StockAllocated(orderID: orderID, allocatedAt: now))
        try await harness.settle()
        let desk = "/api/v1/admin/orders/{id}"
        try await send(
            harness, "POST \(desk)/refunds", id,
            json: #"{"amount":{"amount":5,"currency":"EUR"},"reason":"rain"}"#)
        try await send(
            harness, "PUT \(desk)/fulfilment", id, json: #"{"status":"voucher_issued"}"#)
        try await send(harness, "POST \(desk)/cancellation", id, json: "{}")
        for path in ["", "/timeline", "/cancellation"] {
            try await send(harness, "GET /api/v1/orders/{id}\(path)", id, as: customer)
        }
        try await send(harness, "POST /api/v1/orders/{id}/cancellation", id, as: customer)
        try await send(harness, "GET /api/v1/orders", as: customer)
        for path in ["/api/v1/admin/orders", desk, "\(desk)/timeline"] {
            try await send(harness, "GET \(path)", id)
        }
    }

    @Test func `what Payment answers`() async throws {
        let harness = try await ModuleHarness(
            PaymentModule.self, settings: ["payment.capture": "manual"])
        for amount: Int64 in [6600, 6601, 6604] {
            try await harness.publish(
                OrderPaymentRequested(
                    orderID: OrderID(), userID: customer.userID, attempt: 1,
                    amount: Money(amount: amount, currency: .euro),
                    payBy: harness.time.now + 900, requestedAt: harness.time.now))
        }
        try await harness.settle()
        let page = try await send(harness, "GET /api/v1/payments")
        for index in 0..<3 {
            let id = page["items", index, "id"]
            try await send(harness, "GET /api/v1/payments/{id}", id)
            try await send(
                harness, "POST /api/v1/payments/{id}/capture", id, json: #"{"amount":1}"#)
            try await send(harness, "POST /api/v1/payments/{id}/void", id)
            try await send(harness, "POST /api/v1/payments/{id}/checks", id)
            try await send(harness, "GET /api/v1/payments/{id}", id)
        }
        try await send(harness, "POST /api/v1/payments/webhooks", json: "{}")
    }

    @Test func `what is missing, unknown or of another kind is seen`() throws {
        let body = #"{"fee":{"amount":"1","currency":"EURO"},"more":1}"#
        let answer = TestAnswer(
            status: .ok, headers: [.contentType: "application/json"], body: Data(body.utf8))
        let operation = "GET /api/v1/orders/{id}/cancellation"
        #expect(
            Set(try document.faults(of: answer, to: operation)) == [
                "\(operation) 200: refund is missing", "\(operation) 200: more is not described",
                "\(operation) 200/fee/amount: string(\"1\") is no integer",
                "\(operation) 200/fee/currency: EURO is none",
            ])
        let teapot = TestAnswer(status: .init(code: 418), headers: [:], body: Data())
        #expect(
            try document.faults(of: teapot, to: operation)
                == ["\(operation) 418: there is no such answer"])
    }

    /// Sends a request for any version, and has its answer checked.
    @discardableResult
    private func send<M: Module>(
        _ harness: ModuleHarness<M>, _ operation: String, _ id: String = "",
        as caller: TestCaller? = nil, json: String? = nil
    ) async throws -> Seen {
        let words = operation.split(separator: " ").map(String.init)
        let method = try #require(HTTPRequest.Method(words[0]))
        let answer = try await harness.send(
            method, words[1].replacing("{id}", with: id), as: caller ?? staff,
            headers: method == .get ? [:] : [.ifMatch: "*"], json: json)
        #expect(try document.faults(of: answer, to: operation) == [])
        return Seen(value: answer.body.isEmpty ? .null : try answer.json())
    }

    private static let product = """
        {"name":"Sailing","kind":"activity","attributes":{"deck":true,"stars":4,"boat":"yawl"},
        "texts":{"de":{"name":"Segeln"}},"variants":[{"sku":"SAIL-1","name":"Morning","onHand":10,
        "startsAt":"2030-01-01T08:00:00Z","endsAt":"2030-01-01T10:00:00Z","customerMax":4,
        "roomClass":"berth","price":{"amount":4999,"currency":"EUR"}}]}
        """
}

/// A body to look into.
private struct Seen {
    let value: JSONValue

    /// The text at a place; empty when there is none.
    subscript(_ place: any Sendable...) -> String {
        var value = value
        for step in place {
            switch (value, step) {
            case (.object(let object), let name as String): value = object[name] ?? .null
            case (.array(let elements), let index as Int) where elements.indices.contains(index):
                value = elements[index]
            default: return ""
            }
        }
        if case .string(let text) = value { return text }
        return ""
    }
}

extension Currency {
    fileprivate static let euro = Currency(rawValue: "EUR")!
}

extension ProductCreated {
    fileprivate static func sample(_ variant: VariantID, at now: Date) -> ProductCreated {
        ProductCreated(
            product: ProductDescription(
                id: ProductID(), version: 1, kind: "activity", name: "Sailing", status: "active",
                categories: [],
                variants: [
                    .init(
                        id: variant, sku: "SAIL-1", name: "Morning", isActive: true,
                        prices: [Money(amount: 4999, currency: .euro)], startsAt: now + 86_400,
                        quantityMin: 1, quantityMax: 9, isPricedByRules: false)
                ]), createdAt: now)
    }
}

extension PaymentCompleted {
    fileprivate static func sample(
        _ order: OrderID, _ user: UserID, at now: Date
    ) -> PaymentCompleted {
        PaymentCompleted(
            paymentID: PaymentID(), orderID: order, userID: user,
            amount: Money(amount: 9998, currency: .euro), status: .completed, failureReason: nil,
            completedAt: now, attempt: 1)
    }
}
