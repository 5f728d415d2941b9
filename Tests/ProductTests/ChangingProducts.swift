import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import ProductContract
import Testing
import Web

@testable import Product

@Suite(.serialized) struct `Changing products` {
    @Test func `replaces what is told, and tells what is different`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make("Alps", [variantJSON("A-1", #","onHand":3"#)])
        let answer = try await harness.put(
            product.id,
            productJSON("Peaks", [variantJSON("A-1", price: 900), variantJSON("A-2")]),
            ifMatch: "\"v1\"")
        #expect(answer.status == .ok)
        #expect(answer.headers[.eTag] == "\"v2\"")
        let changed = try answer.reading(ProductSeen.self)
        #expect(changed.variants.map(\.sku) == ["A-1", "A-2"])
        #expect(changed.variants[0].id == product.variants[0].id)
        #expect(changed.variants[0].onHand == 3)
        let shown = try await harness.send(.get, "/api/v1/products/\(product.id)")
        #expect(try shown.reading() == changed)
        let updates = try await harness.published(ProductUpdated.self)
        #expect(updates.map(\.changedFields) == [["name", "variants", "prices"]])
        #expect(updates.first?.product.version == 2)
        let prices = try await harness.published(ProductPriceChanged.self)
        #expect(prices.map(\.sku) == ["A-1", "A-2"])
        #expect(prices.map(\.oldPrice?.amount) == [1_000, nil])
        #expect(prices.map(\.newPrice?.amount) == [900, 1_000])
    }

    @Test func `tells nothing when the body is what was read`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make(
            "Alps", kind: "activity",
            #","description":"One\nTwo","attributes":{"stars":4},"texts":{"de":{"name":"Alpen"}}"#)
        let read = try await harness.send(
            .get, "/api/v1/admin/products/\(product.id)", as: cataloguer)
        let answer = try await harness.put(
            product.id, String(decoding: read.body, as: UTF8.self),
            ifMatch: read.headers[.eTag])
        #expect(answer.status == .ok, "\(String(decoding: answer.body, as: UTF8.self))")
        #expect(answer.headers[.eTag] == "\"v1\"")
        #expect(try await harness.published(ProductUpdated.self).isEmpty)
    }

    @Test func `does not sell what is not named any more`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make("Alps", [variantJSON("A-1"), variantJSON("A-2")])
        let answer = try await harness.put(
            product.id, productJSON("Alps", [variantJSON("A-2")]), ifMatch: "*")
        let changed = try answer.reading(ProductSeen.self)
        #expect(changed.variants.map(\.sku) == ["A-2", "A-1"])
        #expect(changed.variants.map(\.isActive) == [true, false])
    }

    @Test func `leaves stock to the stock, but for its limits`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make("Alps", [variantJSON("A-1", #","onHand":10"#)])
        let refused = try await harness.put(
            product.id, productJSON("Alps", [variantJSON("A-1", #","onHand":11"#)]), ifMatch: "*")
        #expect(refused.status == .unprocessableContent)
        #expect(try refused.pointers == ["/variants/0/onHand"])
        let answer = try await harness.put(
            product.id,
            productJSON(
                "Alps",
                [variantJSON("A-1", #","onHand":10,"overbookingPercent":20,"customerMax":2"#)]),
            ifMatch: "*")
        let shown = try await harness.send(.get, "/api/v1/products/\(product.id)")
        let variant = try #require(try shown.reading(ProductSeen.self).variants.first)
        #expect(try answer.reading(ProductSeen.self).variants == [variant])
        #expect((variant.onHand, variant.available, variant.customerMax) == (10, 12, 2))
    }

    @Test func `needs the version that is changed`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make("Alps")
        let body = productJSON("Peaks", [variantJSON("Alps")])
        let path = "/api/v1/products/\(product.id)"
        #expect(try await harness.put(product.id, body, ifMatch: nil).status.code == 428)
        #expect(try await harness.put(product.id, body, ifMatch: "\"v9\"").status.code == 412)
        #expect(try await harness.send(.delete, path, as: cataloguer).status.code == 428)
        let stale = try await harness.send(
            .delete, path, as: cataloguer, headers: [.ifMatch: "\"v9\""])
        #expect(stale.status.code == 412)
        #expect(try await harness.names("") == ["Alps"])
        #expect(try await harness.published(ProductUpdated.self).isEmpty)
        #expect(try await harness.published(ProductDeleted.self).isEmpty)
    }

    @Test func `makes one of many changes of one version`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make("Alps")
        let read = try await harness.send(.get, "/api/v1/products/\(product.id)")
        let tag = try #require(read.headers[.eTag])
        let answers = try await allAtOnce(6) {
            try await harness.put(
                product.id, productJSON("Peak \($0)", [variantJSON("Alps")]), ifMatch: tag)
        }
        #expect(answers.count { $0.status == .ok } == 1)
        #expect(answers.count { $0.status == .preconditionFailed } == 5)
        #expect(try await harness.published(ProductUpdated.self).count == 1)
    }

    @Test func `takes a product away, and says so once`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make("Alps")
        let path = "/api/v1/products/\(product.id)"
        let answer = try await harness.send(
            .delete, path, as: cataloguer, headers: [.ifMatch: "\"v1\""])
        #expect(answer.status == .noContent)
        #expect(try await harness.send(.get, path).status == .notFound)
        #expect(try await harness.send(.get, "\(path)/price-history").status == .notFound)
        #expect(try await harness.names("").isEmpty)
        let again = try await harness.send(
            .delete, path, as: cataloguer, headers: [.ifMatch: "*"])
        #expect(again.status == .notFound)
        let deleted = try await harness.published(ProductDeleted.self)
        #expect(deleted.map(\.version) == [2])
        #expect(deleted.first?.variantIDs == product.variants.map(\.id))
    }

    @Test func `refuses a variant of another product`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let alps = try await harness.make("Alps")
        let andes = try await harness.make("Andes")
        let stolen = variantJSON("X", #","id":"\#(andes.variants[0].id)""#)
        let answer = try await harness.put(
            alps.id, productJSON("Alps", [stolen]), ifMatch: "*")
        #expect(try answer.pointers == ["/variants/0/id"])
        let taken = try await harness.put(
            alps.id, productJSON("Alps", [variantJSON("Andes")]), ifMatch: "*")
        #expect(taken.status == .conflict)
        #expect(try await harness.published(ProductUpdated.self).isEmpty)
    }
}
