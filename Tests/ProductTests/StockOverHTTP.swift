import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import ProductContract
import Testing
import Web

@testable import Product

@Suite struct `Keeping the stock over HTTP` {
    private let keeper = TestCaller(permissions: ["inventory:read", "inventory:write"])

    private struct StockSeen: Decodable, Equatable {
        let variantId: VariantID
        let onHand: Int
        let allocated: Int
        let reserved: Int
        let available: Int
        let overbookingPercent: Int
        let customerMax: Int?
    }

    private struct MovementsSeen: Decodable {
        struct Item: Decodable {
            let kind: String
            let onHand: Int
            let reserved: Int
            let actor: String?
            let reason: String?
            let orderId: OrderID?
        }
        let items: [Item]
        let nextCursor: String?
    }

    private func stock(_ answer: TestAnswer) throws -> StockSeen {
        try JSONDecoder().decode(StockSeen.self, from: answer.body)
    }

    @Test func `shows what there is, and whose it is`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put(
            "A", onHand: 10, overbookingPercent: 20, customerMax: 4)
        let paid = try await shop.order([(variant, 3)])
        try await shop.pay(paid, [(variant, 3)])
        try await shop.order([(variant, 2)])
        let path = "/api/v1/variants/\(variant)/stock"
        let answer = try await shop.harness.send(.get, path, as: keeper)
        #expect(answer.status == .ok)
        #expect(answer.headers[.eTag] == "\"v1\"")
        #expect(
            try stock(answer)
                == StockSeen(
                    variantId: variant, onHand: 10, allocated: 3, reserved: 2, available: 7,
                    overbookingPercent: 20, customerMax: 4))
        shop.time.advance(by: .seconds(601))
        #expect(try stock(try await shop.harness.send(.get, path, as: keeper)).available == 9)
        for method in [HTTPRequest.Method.get, .put] {
            let nobody = try await shop.harness.send(
                method, path, as: TestCaller(), json: method == .put ? "{}" : nil)
            #expect(nobody.status == .forbidden)
        }
        for id in ["\(VariantID())", "nonsense"] {
            let missing = try await shop.harness.send(
                .get, "/api/v1/variants/\(id)/stock", as: keeper)
            #expect(missing.status == .notFound)
        }
    }

    @Test func `takes a count of the version that was seen`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 10, customerMax: 4)
        try await shop.order([(variant, 2)])
        let path = "/api/v1/variants/\(variant)/stock"
        let json = #"{"onHand": 2, "overbookingPercent": 50, "reason": "counted"}"#
        func put(_ version: String?, _ json: String) async throws -> TestAnswer {
            var headers = HTTPFields()
            headers[.ifMatch] = version
            return try await shop.harness.send(.put, path, as: keeper, headers: headers, json: json)
        }
        #expect(try await put(nil, json).status == .preconditionRequired)
        #expect(try await put("\"v2\"", json).status == .preconditionFailed)
        let answer = try await put("\"v1\"", json)
        #expect(answer.status == .ok)
        #expect(answer.headers[.eTag] == "\"v2\"")
        let seen = try stock(answer)
        #expect((seen.onHand, seen.available, seen.customerMax) == (2, 1, 4))
        #expect(try await put("\"v1\"", json).status == .preconditionFailed)
        let tooFew = try await put("*", #"{"onHand": 1, "reason": "lost"}"#)
        #expect(tooFew.status == .conflict)
        #expect(String(decoding: tooFew.body, as: UTF8.self).contains("inventory.below_committed"))
        let freed = try await put("\"v2\"", #"{"onHand": 2, "customerMax": null, "reason": "x"}"#)
        #expect(try stock(freed).customerMax == nil)
        for wrong in [
            #"{"onHand": -1, "reason": "x"}"#, #"{"onHand": 1000000001, "reason": "x"}"#,
            #"{"onHand": 1}"#, #"{"onHand": 1, "reason": "x", "customerMax": 0}"#,
            #"{"onHand": 1, "reason": "x", "overbookingPercent": 101}"#,
        ] {
            #expect(try await put("*", wrong).status == .unprocessableContent)
        }
        let changes = try await shop.harness.published(ProductStockChanged.self)
        #expect(changes.map(\.onHand) == [2])
        #expect(changes.map(\.available) == [1])
        try await shop.shelf.check()
    }

    @Test func `adjusts once for a key`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 0)
        let path = "/api/v1/variants/\(variant)/stock/adjustments"
        for _ in 0..<3 {
            let answer = try await shop.harness.send(
                .post, path, as: keeper, headers: [.idempotencyKey: "delivery-1"],
                json: #"{"delta": 5, "reason": "delivery"}"#)
            #expect(answer.status == .created)
            #expect(try stock(answer).onHand == 5)
        }
        #expect(try await shop.harness.published(ProductBackInStock.self).map(\.available) == [5])
        for (json, status) in [
            (#"{"delta": 0, "reason": "x"}"#, HTTPResponse.Status.unprocessableContent),
            (#"{"delta": -6, "reason": "x"}"#, .conflict),
            (#"{"delta": 1000000000, "reason": "x"}"#, .conflict),
        ] {
            let answer = try await shop.harness.send(.post, path, as: keeper, json: json)
            #expect(answer.status == status)
        }
        #expect(try await shop.shelf.level(of: variant).onHand == 5)
        try await shop.shelf.check()
    }

    @Test func `lists the ledger newest first, page by page`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 4)
        let order = try await shop.order([(variant, 3)])
        try await shop.cancel(order)
        let path = "/api/v1/variants/\(variant)/stock/movements"
        func page(_ query: String) async throws -> MovementsSeen {
            let answer = try await shop.harness.send(.get, path + query, as: keeper)
            return try JSONDecoder().decode(MovementsSeen.self, from: answer.body)
        }
        let first = try await page("?limit=2")
        #expect(first.items.map(\.kind) == ["release", "reservation"])
        #expect(first.items.map(\.reserved) == [-3, 3])
        #expect(first.items.map(\.orderId) == [order, order])
        let last = try await page("?limit=2&cursor=\(try #require(first.nextCursor))")
        #expect(last.items.map(\.kind) == ["adjustment"])
        #expect(last.items.map(\.onHand) == [4])
        #expect(last.nextCursor == nil)
        let wrong = try await shop.harness.send(.get, path + "?cursor=x", as: keeper)
        #expect(wrong.status == .badRequest)
    }
}
