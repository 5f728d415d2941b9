import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import ProductContract
import Testing
import Web

@testable import Product

@Suite(.serialized) struct `Remembering prices` {
    private struct HistorySeen: Decodable {
        struct Span: Decodable {
            let amount: Int
            let validUntil: Date?
        }
        let sku: String
        let current: Money?
        let lowestOf30Days: Money?
        let lowestBeforeChange: Money?
        let history: [Span]
    }

    @Test func `tells the lowest of thirty days, however long ago it was set`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make("Alps", [variantJSON("A", price: 500)])
        // Set long ago and in force until 20 days before the last change.
        for (days, price) in [(100, 900), (10, 700), (10, 800)] {
            harness.time.advance(by: .seconds(days * 86_400))
            _ = try await harness.put(
                product.id, productJSON("Alps", [variantJSON("A", price: price)]), ifMatch: "*")
        }
        let changes = try await harness.published(ProductPriceChanged.self)
        #expect(changes.map(\.lowestOf30Days?.amount) == [500, 500, 500])
        let seen = try await history(of: product, harness)
        #expect(seen.history.map(\.amount) == [800, 700, 900, 500])
        #expect(seen.history.map { $0.validUntil == nil } == [true, false, false, false])
        #expect(seen.current?.amount == 800)
        #expect(seen.lowestOf30Days?.amount == 500)
        #expect(seen.lowestBeforeChange?.amount == 500)
        harness.time.advance(by: .seconds(11 * 86_400))
        let later = try await history(of: product, harness)
        #expect(later.lowestOf30Days?.amount == 700)
        #expect(later.lowestBeforeChange?.amount == 500)
        harness.time.advance(by: .seconds(40 * 86_400))
        #expect(try await history(of: product, harness).lowestOf30Days?.amount == 800)
    }

    @Test func `does not count a price that was never in force`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make("Alps", [variantJSON("A", price: 500)])
        harness.time.advance(by: .seconds(60))
        for price in [1, 600] {
            _ = try await harness.put(
                product.id, productJSON("Alps", [variantJSON("A", price: price)]), ifMatch: "*")
        }
        let seen = try await history(of: product, harness)
        #expect(seen.history.map(\.amount) == [600, 500])
        #expect(seen.lowestOf30Days?.amount == 500)
    }

    @Test func `keeps a currency's past when it goes`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make("Alps", [variantJSON("A", price: 500)])
        harness.time.advance(by: .seconds(60))
        let dollars = #"{"sku":"A","name":"A","price":{"amount":7,"currency":"USD"}}"#
        _ = try await harness.put(product.id, productJSON("Alps", [dollars]), ifMatch: "*")
        let changes = try await harness.published(ProductPriceChanged.self)
        #expect(changes.map(\.oldPrice?.amount) == [500, nil])
        #expect(changes.map(\.newPrice?.amount) == [nil, 7])
        #expect(changes.map(\.lowestOf30Days?.amount) == [500, nil])
    }

    private func history(
        of product: ProductSeen, _ harness: ModuleHarness<ProductModule>
    ) async throws -> HistorySeen {
        let answer = try await harness.send(
            .get, "/api/v1/products/\(product.id)/price-history")
        return try #require(try answer.reading(CataloguePage<HistorySeen>.self).items.first)
    }
}
