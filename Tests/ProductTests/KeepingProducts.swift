import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import ProductContract
import Storage
import Testing
import Web

@testable import Product

@Suite(.serialized) struct `Keeping products` {
    @Test func `takes the least body, fills in the rest, and tells once`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let answer = try await harness.send(
            .post, "/api/v1/products", as: cataloguer,
            json: productJSON("Alps", [variantJSON("A-1", #","onHand":5"#)]))
        #expect(answer.status == .created)
        let product = try answer.reading(ProductSeen.self)
        #expect(answer.headers[.location] == "/api/v1/products/\(product.id)")
        #expect(answer.headers[.eTag] == "\"v1\"")
        #expect(product.status == "active")
        let variant = try #require(product.variants.first)
        #expect((variant.onHand, variant.available) == (5, 5))
        #expect((variant.quantityMin, variant.quantityMax) == (1, 999))
        #expect(variant.prices == [variant.price])
        let shown = try await harness.send(.get, "/api/v1/products/\(product.id)")
        #expect(try shown.reading() == product)
        let created = try await harness.published(ProductCreated.self)
        #expect(created.map(\.product.id) == [product.id])
        #expect(created.first?.product.variants.map(\.sku) == ["A-1"])
        let movements = try await harness.database.read {
            try $0.rows("SELECT on_hand FROM stock_movements")
                .map { try $0.get("on_hand", as: Int.self) }
        }
        #expect(movements == [5])
    }

    @Test func `makes one product for a key`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        var answers: [TestAnswer] = []
        for name in ["Alps", "Alps", "Andes"] {
            answers.append(
                try await harness.send(
                    .post, "/api/v1/products", as: cataloguer, headers: [.idempotencyKey: "k"],
                    json: productJSON(name, [variantJSON("A-1")])))
        }
        #expect(answers.map(\.status.code) == [201, 201, 422])
        #expect(answers[0].body == answers[1].body)
        #expect(try await harness.published(ProductCreated.self).count == 1)
    }

    @Test(arguments: [
        (variantJSON("A 1"), "/variants/0/sku"),
        (variantJSON("A", price: 0), "/variants/0/price/amount"),
        (variantJSON("A", price: 9_007_199_254_740_992), "/variants/0/price/amount"),
        (
            #"{"sku":"A","name":"A","price":{"amount":1,"currency":"ABC"}}"#,
            "/variants/0/price/currency"
        ),
        (#"{"sku":"A","name":"A"}"#, "/variants/0/price"),
        (variantJSON("A", #","quantityMin":5,"quantityMax":4"#), "/variants/0/quantityMin"),
        (variantJSON("A", #","quantityMax":1000"#), "/variants/0/quantityMax"),
        (variantJSON("A", #","onHand":-1"#), "/variants/0/onHand"),
        (variantJSON("A", #","overbookingPercent":101"#), "/variants/0/overbookingPercent"),
        (variantJSON("A", #","color":"red""#), "/variants/0/color"),
        (
            variantJSON(
                "A", #","startsAt":"2026-07-02T00:00:00Z","endsAt":"2026-07-01T00:00:00Z""#),
            "/variants/0/endsAt"
        ),
        (variantJSON("A") + "," + variantJSON("A"), "/variants/1/sku"),
        (
            #"{"sku":"A","name":"A","prices":[{"amount":1,"currency":"EUR"},"#
                + #"{"amount":2,"currency":"EUR"}]}"#, "/variants/0/prices/1/currency"
        ),
    ])
    func `refuses variants that are none, and then nothing happened`(
        variants: String, pointer: String
    ) async throws {
        try await expectRefusal(of: productJSON("Alps", [variants]), at: pointer)
    }

    @Test(arguments: [
        (#"{}"#, "/variants"), (productJSON("Alps", []), "/variants"),
        (productJSON("Alps", [variantJSON("A")], kind: "boat"), "/kind"),
        (productJSON(" ", [variantJSON("A")]), "/name"),
        (productJSON("Alps", [variantJSON("A")], #","status":"deleted""#), "/status"),
        (productJSON("Alps", [variantJSON("A")], #","categories":["nope"]"#), "/categories"),
        (
            productJSON("Alps", [variantJSON("A")], #","attributes":{"stars":1.5}"#),
            "/attributes/stars"
        ),
        (
            productJSON(
                "Alps", [variantJSON("A")], #","attributes":{"stars":-9223372036854775808}"#),
            "/attributes/stars"
        ),
        (
            productJSON("Alps", [variantJSON("A")], #","texts":{"deutsch!":{"name":"x"}}"#),
            "/texts/deutsch!"
        ),
        (
            productJSON("Alps", [variantJSON("A")], #","texts":{"de":{}}"#), "/texts/de/name"
        ),
        (
            productJSON("x", (0...200).map { variantJSON("A\($0)") }), "/variants"
        ),
    ])
    func `refuses products that are none, and then nothing happened`(
        body: String, pointer: String
    ) async throws {
        try await expectRefusal(of: body, at: pointer)
    }

    private func expectRefusal(of body: String, at pointer: String) async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let answer = try await harness.send(
            .post, "/api/v1/products", as: cataloguer, json: body)
        #expect(answer.status == .unprocessableContent)
        #expect(try answer.pointers.contains(pointer))
        #expect(try await harness.names("").isEmpty)
        #expect(try await harness.published(ProductCreated.self).isEmpty)
    }

    @Test func `keeps a SKU for its first owner, also when that was deleted`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let first = try await harness.make("Alps", [variantJSON("A-1")])
        for _ in 1...2 {
            let answer = try await harness.send(
                .post, "/api/v1/products", as: cataloguer,
                json: productJSON("Andes", [variantJSON("A-1")]))
            #expect(answer.status == .conflict)
            #expect(try answer.reading(CatalogueProblem.self).code == "product.sku_taken")
            _ = try await harness.send(
                .delete, "/api/v1/products/\(first.id)", as: cataloguer, headers: [.ifMatch: "*"])
        }
        #expect(try await harness.published(ProductCreated.self).count == 1)
    }

    @Test func `needs the permission to write`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make("Alps")
        for (method, path) in [
            (HTTPRequest.Method.post, "/api/v1/products"),
            (.put, "/api/v1/products/\(product.id)"),
            (.delete, "/api/v1/products/\(product.id)"), (.get, "/api/v1/admin/products"),
            (.post, "/api/v1/categories"),
        ] {
            #expect(try await harness.send(method, path).status == .unauthorized)
            let answer = try await harness.send(method, path, as: TestCaller())
            #expect(answer.status == .forbidden)
        }
    }
}
