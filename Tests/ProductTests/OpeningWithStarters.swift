import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Platform
import ProductContract
import Testing
import Web

@testable import Product

@Suite(.serialized) struct `Opening with starter products` {
    private func service(_ harness: ModuleHarness<ProductModule>) throws -> StarterService {
        try #require(
            harness.module.services.lazy.compactMap { $0 as? StarterService }.first)
    }

    @Test func `makes them once, whoever begins at the same time`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let service = try service(harness)
        let counts = try await allAtOnce(3) { _ in try await service.step() }
        #expect(counts.reduce(0, +) == 3)
        #expect(try await service.step() == 0)
        let created = try await harness.published(ProductCreated.self)
        #expect(
            Set(created.flatMap(\.product.variants).map(\.sku)) == [
                "STARTER-1", "STARTER-2", "STARTER-3",
            ])
        let variants = created.flatMap(\.product.variants)
        #expect(
            variants.first { $0.sku == "STARTER-1" }?.id
                == VariantID("01970000-0000-7000-8000-000000000001"))
        let answer = try await harness.send(.get, "/api/v1/products")
        let seen = try answer.reading(CataloguePage<ProductSeen>.self).items
        #expect(seen.count == 3)
        #expect(seen.flatMap(\.variants).allSatisfy { $0.available == 1_000_000 })
    }

    @Test func `makes what the settings say, also none`() async throws {
        let harness = try await ModuleHarness(
            ProductModule.self,
            settings: ["product.starters": "01970000-0000-7000-8000-00000000000a=5 USD"])
        #expect(try await service(harness).step() == 1)
        let none = try await ModuleHarness(
            ProductModule.self, settings: ["product.starters": ""])
        #expect(try await service(none).step() == 0)
    }

    @Test(arguments: ["x", "01970000-0000-7000-8000-00000000000a=0 EUR", "=5 EUR"])
    func `refuses what names no product`(text: String) {
        #expect(Starters(text) == nil)
    }
}
