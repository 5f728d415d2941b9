import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import ProductContract
import Testing
import Web

@testable import Product

/// A quote as an answer has it.
struct QuoteSeen: Decodable, Equatable {
    struct Item: Decodable, Equatable {
        struct Adjustment: Decodable, Equatable {
            let rule: String
            let name: String
            let amount: Money
        }
        let productId: VariantID
        let quantity: Int
        let basePrice: Money
        let unitPrice: Money
        let adjustments: [Adjustment]
    }
    let id: QuoteID
    let items: [Item]
    let total: Money
    let isExpired: Bool
}

extension Shop {
    static let pricer = TestCaller(permissions: ["pricing:write"])

    func makeRule(_ json: String) async throws -> TestAnswer {
        try await harness.send(.post, "/api/v1/pricing-rules", as: Self.pricer, json: json)
    }

    func quote(
        _ lines: [(VariantID, Int)], in currency: String? = nil, as caller: TestCaller,
        key: String? = nil
    ) async throws -> TestAnswer {
        let items = lines.map { #"{"productId": "\#($0.0)", "quantity": \#($0.1)}"# }
            .joined(separator: ",")
        let field = currency.map { #", "currency": "\#($0)""# } ?? ""
        var headers = HTTPFields()
        headers[.idempotencyKey] = key
        return try await harness.send(
            .post, "/api/v1/quotes", as: caller, headers: headers,
            json: #"{"items": [\#(items)]\#(field)}"#)
    }
}

extension TestAnswer {
    fileprivate func quote() throws -> QuoteSeen {
        try FlotillaJSON.decode(QuoteSeen.self, from: body)
    }

    fileprivate func says(_ text: String) -> Bool {
        String(decoding: body, as: UTF8.self).replacing("\\/", with: "/").contains(text)
    }
}

@Suite struct `Giving a quote` {
    private let caller = TestCaller()

    @Test func `tells the list price when there are no rules`() async throws {
        let shop = try await Shop(settings: ["product.quoteDuration": "5m"])
        let (a, b) = (
            try await shop.shelf.put("A", onHand: 5, prices: [(1_999, "EUR"), (2_199, "USD")]),
            try await shop.shelf.put("B", onHand: 0, prices: [(500, "EUR")])
        )
        let answer = try await shop.quote([(a, 2), (b, 1), (a, 1)], as: caller)
        #expect(answer.status == .created)
        let quote = try answer.quote()
        #expect(answer.headers[.location] == "/api/v1/quotes/\(quote.id)")
        #expect(quote.items.map(\.productId) == [a, b, a])
        #expect(quote.items.map(\.unitPrice) == [.cents(1_999), .cents(500), .cents(1_999)])
        #expect(quote.items.allSatisfy { $0.adjustments.isEmpty && $0.basePrice == $0.unitPrice })
        #expect(quote.total == .cents(6_497))
        let events = try await shop.harness.published(QuoteGiven.self)
        #expect(events.map(\.quoteID) == [quote.id])
        #expect(events.first?.userID == caller.userID)
        #expect(events.first?.items.map(\.unitPrice) == quote.items.map(\.unitPrice))
        #expect(events.first?.total == quote.total)
        #expect(events.first?.expiresAt == shop.time.now + 300)
    }

    @Test func `says what each rule made of the price`() async throws {
        let shop = try await Shop()
        let product = ProductID()
        let variant = try await shop.shelf.put(
            "A", onHand: 10, startsAt: shop.time.now + 10 * 86_400, prices: [(1_999, "EUR")],
            of: product)
        for json in [
            """
            {"name": "early", "kind": "lead_time", "from": 10, "permille": -100, "priority": 1}
            """,
            """
            {"name": "group", "kind": "group_size", "from": 3, "priority": 2,
             "amount": {"amount": -50, "currency": "EUR"}, "productId": "\(product)"}
            """,
            """
            {"name": "other", "kind": "group_size", "from": 1, "permille": 900,
             "productId": "\(ProductID())"}
            """,
            """
            {"name": "full", "kind": "occupancy", "from": 50, "permille": 100, "priority": 3}
            """,
            """
            {"name": "january", "kind": "season", "from": "01-11", "to": "01-11",
             "amount": {"amount": 1, "currency": "EUR"}, "priority": 4}
            """,
        ] {
            #expect(try await shop.makeRule(json).status == .created)
        }
        let quote = try await shop.quote([(variant, 2), (variant, 1)], as: caller).quote()
        #expect(quote.items[0].adjustments.map(\.name) == ["early", "group", "january"])
        #expect(quote.items[0].adjustments.map(\.amount.amount) == [-200, -50, 1])
        #expect(quote.items[0].unitPrice == .cents(1_750))
        #expect(quote.total == .cents(5_250))
        let order = try await shop.order([(variant, 5)])
        let dearer = try await shop.quote([(variant, 1)], as: caller).quote()
        #expect(dearer.items[0].adjustments.map(\.name) == ["early", "full", "january"])
        #expect(dearer.items[0].unitPrice == .cents(1_980))
        try await shop.cancel(order)
        shop.time.advance(by: .seconds(1))
        let later = try await shop.quote([(variant, 1)], as: caller).quote()
        #expect(later.items[0].adjustments.map(\.name) == ["january"], "nine whole days are left")
    }

    @Test func `keeps the price until it is over, whatever the rules become`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 5, prices: [(1_000, "EUR")])
        let quote = try await shop.quote([(variant, 1)], as: caller).quote()
        _ = try await shop.makeRule(
            #"{"name": "x", "kind": "group_size", "from": 1, "permille": 500}"#)
        let path = "/api/v1/quotes/\(quote.id)"
        shop.time.advance(by: .seconds(899))
        #expect(try await shop.harness.send(.get, path, as: caller).quote() == quote)
        shop.time.advance(by: .seconds(1))
        let stale = try await shop.harness.send(.get, path, as: caller).quote()
        #expect(stale.isExpired)
        #expect(stale.total == quote.total)
        let others = try await shop.harness.send(.get, path, as: TestCaller())
        #expect(others.status == .notFound)
        for id in ["\(QuoteID())", "x"] {
            let none = try await shop.harness.send(.get, "/api/v1/quotes/\(id)", as: caller)
            #expect(none.status == .notFound)
        }
        #expect(try await shop.harness.send(.get, path).status == .unauthorized)
        shop.time.advance(by: .seconds(86_401))
        _ = try await shop.quote([(variant, 1)], as: caller)
        #expect(try await shop.harness.send(.get, path, as: caller).status == .notFound)
    }

    @Test func `is in the currency that was asked for, and in one`() async throws {
        let shop = try await Shop()
        let both = try await shop.shelf.put(
            "A", onHand: 5, prices: [(1_000, "EUR"), (160_000, "JPY")])
        let yen = try await shop.shelf.put("B", onHand: 5, prices: [(50_000, "JPY")])
        let free = try await shop.shelf.put("C", onHand: 5)
        _ = try await shop.makeRule(
            """
            {"name": "x", "kind": "group_size", "from": 1,
             "amount": {"amount": -100, "currency": "EUR"}}
            """)
        let quote = try await shop.quote([(both, 1), (yen, 2)], in: "JPY", as: caller).quote()
        #expect(quote.total.amount == 260_000)
        #expect(quote.total.currency.rawValue == "JPY")
        for (lines, currency, pointer) in [
            ([(both, 1), (yen, 1)], nil, "/items/1/productId"),
            ([(both, 1)], "USD", "/items/0/productId"), ([(free, 1)], nil, "/items/0/productId"),
            ([(both, 1)], "ABC", "/currency"),
        ] as [([(VariantID, Int)], String?, String)] {
            let answer = try await shop.quote(lines, in: currency, as: caller)
            #expect(answer.status == .unprocessableContent)
            #expect(answer.says(pointer))
        }
        #expect(try await shop.harness.published(QuoteGiven.self).count == 1)
    }

    @Test func `is refused for what is not sold so`() async throws {
        let shop = try await Shop()
        let pair = try await shop.shelf.put(
            "A", onHand: 5, quantities: 2...4, prices: [(1_000, "EUR")])
        let inactive = try await shop.shelf.put(
            "B", onHand: 5, isActive: false, prices: [(1_000, "EUR")])
        let draft = try await shop.shelf.put(
            "C", onHand: 5, status: "draft", prices: [(1_000, "EUR")])
        let over = try await shop.shelf.put(
            "E", onHand: 5, startsAt: shop.time.now, prices: [(1_000, "EUR")])
        let dear = try await shop.shelf.put(
            "D", onHand: 5, prices: [(UnitPrice.amountMax, "EUR")])
        for (lines, text) in [
            ([(pair, 1)], "/items/0/quantity"), ([(pair, 5)], "/items/0/quantity"),
            ([(dear, 1), (pair, 2), (pair, 3)], "/items/1/quantity"),
            ([(pair, 2), (VariantID(), 1)], "/items/1/productId"),
            ([(inactive, 1)], "not for sale"), ([(draft, 1)], "not for sale"),
            ([(over, 1)], "not for sale"),
            ([(pair, 1_000)], "/items/0/quantity"), ([(pair, 0)], "/items/0/quantity"),
            ([(dear, 2)], "pricing.total_too_large"),
            ([(dear, 1), (dear, 1)], "pricing.total_too_large"), ([], "/items"),
        ] as [([(VariantID, Int)], String)] {
            let answer = try await shop.quote(lines, as: caller)
            #expect(answer.status == .unprocessableContent)
            #expect(answer.says(text))
        }
        #expect(try await shop.quote([(dear, 1)], as: caller).status == .created)
        #expect(try await shop.quote([(pair, 1), (pair, 1)], as: caller).status == .created)
        #expect(try await shop.harness.published(QuoteGiven.self).count == 2)
    }

    @Test func `is one for a key`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 5, prices: [(1_000, "EUR")])
        let first = try await shop.quote([(variant, 1)], as: caller, key: "k").quote()
        #expect(try await shop.quote([(variant, 1)], as: caller, key: "k").quote() == first)
        let other = try await shop.quote([(variant, 2)], as: caller, key: "k")
        #expect(other.status == .unprocessableContent)
        #expect(try await shop.harness.published(QuoteGiven.self).count == 1)
    }
}
