import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import ServiceLifecycle
import Storage
import Testing

@testable import Product

private let oneOffer = #"""
    {"offers":[{"id":"h1","name":"Hotel Sol","price":{"amount":8900,"currency":"EUR"},
                "validUntil":"2026-01-01T12:10:00Z","stars":4}]}
    """#
private let noOffer = #"{"offers":[]}"#

@Suite(.serialized, .timeLimit(.minutes(3))) struct `Offering beside a product` {
    /// Asks a module whose providers are these; all connections are closed in the end.
    private func withShop(
        _ providers: [String: String], settings: [String: String] = [:],
        _ body: (ModuleHarness<ProductModule>, CatalogueFixture) async throws -> Void
    ) async throws {
        var settings = settings
        settings["product.providers"] = providers.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        let harness = try await ModuleHarness(ProductModule.self, settings: settings)
        let product = CatalogueFixture()
        try await harness.insert(product)
        var failure: (any Error)?
        do { try await body(harness, product) } catch { failure = error }
        for case let connections as ProviderConnections in harness.module.services {
            try await connections.close()
        }
        if let failure { throw failure }
    }

    @Test func `gives what the provider has, to anyone`() async throws {
        try await OutsideServer.withServer(.text(oneOffer)) { server, url in
            try await withShop(["hotels": url + "/v1/"]) { shop, product in
                let answer = try await shop.send(.get, product.path)
                #expect(answer.status == .ok)
                let found = try answer.offers()
                #expect(found.count == 1)
                #expect(found[0].provider == "hotels")
                #expect(found[0].isAvailable)
                #expect(!found[0].isStale)
                #expect(found[0].asOf == shop.time.now)
                #expect(found[0].ageSeconds == 0)
                #expect(found[0].offers.map(\.name) == ["Hotel Sol"])
                #expect(found[0].offers[0].price.text == "89.00 EUR")
                #expect(
                    server.questions.map(\.target) == ["/v1/offers?productId=\(product.id)"])
                #expect(server.questions[0].headers[.accept] == "application/json")
            }
        }
    }

    @Test func `does not ask again while an answer is fresh`() async throws {
        try await OutsideServer.withServer(.text(oneOffer)) { server, url in
            try await withShop(["hotels": url]) { shop, product in
                for _ in 1...3 { _ = try await shop.send(.get, product.path) }
                shop.time.advance(by: .seconds(29))
                #expect(try await shop.send(.get, product.path).offers()[0].ageSeconds == 29)
                #expect(server.questions.count == 1)
                shop.time.advance(by: .seconds(1))
                server.say(.text(noOffer))
                let found = try await shop.send(.get, product.path).offers()[0]
                #expect(server.questions.count == 2)
                #expect(found.offers.isEmpty)
                #expect(found.isAvailable)
                #expect(!found.isStale)
            }
        }
    }

    @Test(arguments: [
        OutsideServer.Answer.text("sorry", status: .internalServerError), .text("<html>"),
        .text(""), .text("{}"), .text("[]"), .text(#"{"offers":null}"#),
        .text(oneOffer, status: .accepted),
        .text("", status: .found, headers: [.location: "http://127.0.0.1/elsewhere"]),
        .text(#"{"offers":[\#(offer(price: #"{"amount":1.5,"currency":"EUR"}"#))]}"#),
        .text(#"{"offers":[\#(offer(price: #"{"amount":0,"currency":"EUR"}"#))]}"#),
        .text(#"{"offers":[\#(offer(price: #"{"amount":9007199254740992,"currency":"EUR"}"#))]}"#),
        .text(#"{"offers":[\#(offer(price: #"{"amount":1,"currency":"XTS"}"#))]}"#),
        .text(#"{"offers":[\#(offer(name: ""))]}"#),
        .text(#"{"offers":[\#(offer(name: #"a\u0000b"#))]}"#),
        .text(#"{"offers":[\#(offer(name: String(repeating: "x", count: 201)))]}"#),
        .text(#"{"offers":[\#(offer()),\#(offer())]}"#),
        .text(#"{"offers":[\#(offer(extra: #","validUntil":"tomorrow""#))]}"#),
        .text(#"{"offers":[],"padding":"\#(String(repeating: "x", count: 300_000))"}"#),
    ])
    func `gives the last good answer, marked as stale, when another is no answer`(
        answer: OutsideServer.Answer
    ) async throws {
        try await OutsideServer.withServer(.text(oneOffer)) { server, url in
            try await withShop(["hotels": url]) { shop, product in
                _ = try await shop.send(.get, product.path)
                server.say(answer)
                shop.time.advance(by: .seconds(90))
                let found = try await shop.send(.get, product.path).offers()
                #expect(found[0].isStale)
                #expect(found[0].isAvailable)
                #expect(found[0].ageSeconds == 90)
                #expect(found[0].asOf == TestTime().now)
                #expect(found[0].offers.map(\.id) == ["h1"])
                #expect(server.questions.count == 2)

                server.say(.text(noOffer))
                let recovered = try await shop.send(.get, product.path).offers()
                #expect(!recovered[0].isStale)
                #expect(recovered[0].offers.isEmpty)
            }
        }
    }

    @Test func `names a provider without any answer, and waits no longer than it may`() async throws
    {
        let gone = try await OutsideServer.withServer { _, url in url }
        try await OutsideServer.withServer(.silence) { silent, silentURL in
            try await OutsideServer.withServer(.text(oneOffer)) { _, url in
                try await withShop(
                    ["a-gone": gone, "b-slow": silentURL, "c-slow": silentURL, "d-well": url],
                    settings: ["product.providers.timeout": "250ms"]
                ) { shop, product in
                    let start = ContinuousClock.now
                    let found = try await shop.send(.get, product.path).offers()
                    #expect(.now - start < .seconds(2))
                    #expect(found.map(\.provider) == ["a-gone", "b-slow", "c-slow", "d-well"])
                    #expect(found.map(\.isAvailable) == [false, false, false, true])
                    #expect(found.map(\.isStale) == [false, false, false, false])
                    #expect(found.dropLast().allSatisfy { $0.offers.isEmpty && $0.asOf == nil })
                    #expect(silent.questions.count == 2)
                }
            }
        }
    }

    @Test func `shows no offer that is over, nor an answer that is too old`() async throws {
        try await OutsideServer.withServer(.text(oneOffer)) { server, url in
            try await withShop(
                ["hotels": url], settings: ["product.providers.staleFor": "1h"]
            ) { shop, product in
                _ = try await shop.send(.get, product.path)
                server.say(.text("", status: .badGateway))
                shop.time.advance(by: .seconds(600))
                let over = try await shop.send(.get, product.path).offers()[0]
                #expect(over.isStale)
                #expect(over.offers.isEmpty)
                shop.time.advance(by: .seconds(3_000))
                #expect(try await shop.send(.get, product.path).offers()[0].isAvailable)
                shop.time.advance(by: .seconds(1))
                let old = try await shop.send(.get, product.path).offers()[0]
                #expect(!old.isAvailable)
                #expect(!old.isStale)
                #expect(old.asOf == nil)
            }
        }
    }

    @Test func `asks nobody about what is no product of ours`() async throws {
        try await OutsideServer.withServer(.text(oneOffer)) { server, url in
            try await withShop(["hotels": url]) { shop, _ in
                let draft = CatalogueFixture(status: "draft")
                try await shop.insert(draft)
                for path in [draft.path, CatalogueFixture().path, "/api/v1/products/x/offers"] {
                    #expect(try await shop.send(.get, path).status == .notFound)
                }
                #expect(server.questions.isEmpty)
            }
        }
    }

    @Test func `has nothing to say without providers`() async throws {
        let shop = try await ModuleHarness(ProductModule.self)
        let product = CatalogueFixture()
        try await shop.insert(product)
        #expect(try await shop.send(.get, product.path).offers().isEmpty)
    }

    @Test func `keeps its answers over a restart`() async throws {
        try await OutsideServer.withServer(.text(oneOffer)) { _, url in
            try await withShop(["hotels": url]) { shop, product in
                _ = try await shop.send(.get, product.path)
                let stored = try await shop.database.read {
                    try ProviderAnswerStore().answers(about: product.id, in: $0)
                }
                #expect(stored["hotels"]?.offers.map(\.id) == ["h1"])
                let earlier = ProviderAnswer(
                    provider: "hotels", offers: [], asOf: shop.time.now - 1)
                try await shop.database.write {
                    try ProviderAnswerStore().put(earlier, about: product.id, in: $0)
                }
                let kept = try await shop.database.read {
                    try ProviderAnswerStore().answers(about: product.id, in: $0)
                }
                #expect(kept == stored)
            }
        }
    }

    @Test(arguments: [
        "hotels", "hotels=", "=http://a", "hotels=ftp://a", "hotels=http://", "Hotels=http://a",
        "hotels=http://a,", "hotels=http://a,hotels=http://b", "hotels=http://u:p@a",
        "hotels=http://a?x=1", "hotels=http://a#x", "hotels=a", "hotels=http://a:70000",
    ])
    func `refuses what is no list of providers`(text: String) {
        #expect(ProviderAddress.list(text) == nil)
    }

    @Test func `reads names and addresses`() throws {
        let addresses = try #require(
            ProviderAddress.list("hotels=https://h.example/api/, cars-2=http://10.0.0.1:8080"))
        #expect(addresses.map(\.name) == ["hotels", "cars-2"])
        #expect(addresses.map(\.url) == ["https://h.example/api", "http://10.0.0.1:8080"])
        #expect(ProviderAddress.list("") == [])
    }

    @Test func `opens no connection once it is closed`() async throws {
        let connections = ProviderConnections(connectionCountMax: 1)
        _ = try connections.client()
        try await connections.close()
        #expect(throws: ProviderFailure.closed) { try connections.client() }
        try await connections.close()
    }
}

private func offer(
    name: String = "n", price: String = #"{"amount":1,"currency":"EUR"}"#, extra: String = ""
) -> String {
    #"{"id":"1","name":"\#(name)","price":\#(price)\#(extra)}"#
}

extension CatalogueFixture {
    fileprivate var path: String { "/api/v1/products/\(id)/offers" }
}

/// What a provider offers, as a client reads it.
private struct OffersSeen: Decodable {
    struct Offer: Decodable {
        let id: String
        let name: String
        let price: Money
        let validUntil: Date?
    }

    let provider: String
    let isAvailable: Bool
    let isStale: Bool
    let asOf: Date?
    let ageSeconds: Int?
    let offers: [Offer]
}

private struct OfferListSeen: Decodable {
    let items: [OffersSeen]
}

extension TestAnswer {
    fileprivate func offers() throws -> [OffersSeen] {
        try FlotillaJSON.decode(OfferListSeen.self, from: body).items
    }
}
