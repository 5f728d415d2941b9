import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import ProductContract
import Storage
import Synchronization
import Testing
import Web

@testable import Product

@Suite struct `Keeping pricing rules` {
    private struct RuleSeen: Decodable, Equatable {
        let id: String
        let name: String
        let productId: ProductID?
        let category: String?
        let kind: String
        let permille: Int?
        let amount: Money?
        let priority: Int
        let isActive: Bool
        let version: Int64
    }

    private struct RulesSeen: Decodable {
        let items: [RuleSeen]
        let nextCursor: String?
    }

    private let early = #"{"name": "early", "kind": "lead_time", "from": 10, "permille": -100}"#

    private func rule(_ answer: TestAnswer) throws -> RuleSeen {
        try FlotillaJSON.decode(RuleSeen.self, from: answer.body)
    }

    @Test func `makes, shows, changes and removes them`() async throws {
        let shop = try await Shop()
        let made = try await shop.makeRule(early)
        #expect(made.status == .created)
        #expect(made.headers[.eTag] == "\"v1\"")
        let rule = try rule(made)
        #expect(rule.isActive)
        let path = "/api/v1/pricing-rules/\(rule.id)"
        #expect(made.headers[.location] == path)
        func send(
            _ method: HTTPRequest.Method, if version: String?, _ json: String? = nil
        ) async throws -> TestAnswer {
            var headers = HTTPFields()
            headers[.ifMatch] = version
            return try await shop.harness.send(
                method, path, as: Shop.pricer, headers: headers, json: json)
        }
        let json =
            #"{"name": "late", "kind": "season", "from": "12-20", "to": "01-06", "#
            + #""amount": {"amount": 500, "currency": "EUR"}, "isActive": false, "category": "x"}"#
        #expect(try await send(.put, if: nil, json).status == .preconditionRequired)
        #expect(try await send(.put, if: "\"v2\"", json).status == .preconditionFailed)
        let changed = try await send(.put, if: "\"v1\"", json)
        #expect(changed.headers[.eTag] == "\"v2\"")
        #expect(String(decoding: changed.body, as: UTF8.self).contains(#""from":"12-20""#))
        #expect(try self.rule(changed).category == "x")
        #expect(try self.rule(changed).amount == .cents(500))
        #expect(try await send(.delete, if: nil).status == .preconditionRequired)
        #expect(try await send(.delete, if: "\"v1\"").status == .preconditionFailed)
        #expect(try await send(.delete, if: "\"v2\"").status == .noContent)
        #expect(try await send(.delete, if: "*").status == .notFound)
        let nobody = try await shop.harness.send(
            .get, "/api/v1/pricing-rules", as: TestCaller())
        #expect(nobody.status == .forbidden)
    }

    @Test func `lists them newest first, page by page`() async throws {
        let shop = try await Shop()
        for _ in 0..<3 {
            _ = try await shop.makeRule(early)
            shop.time.advance(by: .seconds(1))
        }
        var path = "/api/v1/pricing-rules?limit=2"
        let first = try FlotillaJSON.decode(
            RulesSeen.self,
            from: try await shop.harness.send(.get, path, as: Shop.pricer).body)
        #expect(first.items.count == 2)
        path += "&cursor=\(try #require(first.nextCursor))"
        let last = try FlotillaJSON.decode(
            RulesSeen.self,
            from: try await shop.harness.send(.get, path, as: Shop.pricer).body)
        #expect(last.items.count == 1)
        #expect(Set((first.items + last.items).map(\.id)).count == 3)
    }

    @Test(arguments: [
        (#""kind": "lead_time", "from": 1, "permille": 1, "name": """#, "/name"),
        (#""kind": "magic", "from": 1, "permille": 1"#, "/kind"),
        (#""kind": "lead_time", "permille": 1"#, "/from"),
        (#""kind": "lead_time", "from": 2, "to": 1, "permille": 1"#, "/to"),
        (#""kind": "occupancy", "from": 101, "permille": 1"#, "/from"),
        (#""kind": "group_size", "from": 0, "permille": 1"#, "/from"),
        (#""kind": "season", "from": "02-30", "to": "03-01", "permille": 1"#, "/from"),
        (#""kind": "season", "from": "02-01", "permille": 1"#, "/to"),
        (#""kind": "season", "from": "02-01", "to": "2026-03-01", "permille": 1"#, "/to"),
        (#""kind": "season", "from": "2026-02-01", "to": "2026-01-01", "permille": 1"#, "/to"),
        (#""kind": "lead_time", "from": 1"#, "/permille"),
        (#""kind": "lead_time", "from": 1, "permille": 0"#, "/permille"),
        (#""kind": "lead_time", "from": 1, "permille": -1001"#, "/permille"),
        (
            #""kind": "lead_time", "from": 1, "permille": 1, "#
                + #""amount": {"amount": 1, "currency": "EUR"}"#, "/amount"
        ),
        (
            #""kind": "lead_time", "from": 1, "permille": 1, "category": "a", "#
                + #""productId": "01970000-0000-7000-8000-000000000001""#, "/category"
        ),
    ])
    func `refuses what is no rule`(fields: String, pointer: String) async throws {
        let shop = try await Shop()
        let name = fields.contains(#""name""#) ? "" : #""name": "x", "#
        let answer = try await shop.makeRule("{\(name)\(fields)}")
        #expect(answer.status == .unprocessableContent)
        let body = String(decoding: answer.body, as: UTF8.self).replacing("\\/", with: "/")
        #expect(body.contains(#""pointer":"\#(pointer)""#), "\(body)")
    }

    @Test func `tell products anew whose prices they make`() async throws {
        let shop = try await Shop()
        let product = try await shop.harness.make("Alps", [variantJSON("A", #","onHand":2"#)])
        let made = try await shop.makeRule(early)
        _ = try await shop.makeRule(early)
        func told() async throws -> [ProductDescription] {
            try await shop.harness.published(ProductUpdated.self).map(\.product)
        }
        #expect(try await told().map(\.id) == [product.id])
        #expect(try await told().map(\.version) == [2])
        #expect(try await told().first?.variants.map(\.isPricedByRules) == [true])
        let path = "/api/v1/pricing-rules/\(try rule(made).id)"
        let answer = try await shop.harness.send(
            .delete, path, as: Shop.pricer, headers: [.ifMatch: "*"])
        #expect(answer.status == .noContent)
        #expect(try await told().count == 1, "the other rule still makes it")
    }

    @Test func `know whose price they make, and tell when that changes`() async throws {
        let shelf = try await Shelf()
        let (one, two) = (ProductID(), ProductID())
        let first = try await shelf.put("A", onHand: 1, of: one)
        let second = try await shelf.put("B", onHand: 1, of: two)
        try await shelf.file(two, under: "beach")
        let told = Told()
        let now = shelf.time.now
        let rules = PricingRules(
            database: shelf.database, sharedNow: { _ in now },
            republish: { products, _ in told.products.withLock { $0.append(Set(products)) } })
        func terms(_ scope: PricingRule.Scope, isActive: Bool = true) -> PricingRule.Terms {
            .init(
                name: "x", scope: scope, condition: .init(kind: .groupSize, from: 1, to: nil),
                adjustment: .permille(1), priority: 0, isActive: isActive)
        }
        func make(_ terms: PricingRule.Terms) async throws -> PricingRule {
            try await shelf.database.write { try rules.make(terms, in: $0) }
        }
        func priced() async throws -> Set<VariantID> {
            try await shelf.database.read {
                try rules.store.pricedByRules(of: [first, second, VariantID()], in: $0)
            }
        }
        #expect(try await priced().isEmpty)
        let idle = try await make(terms(.all, isActive: false))
        #expect(try await priced().isEmpty)
        let beach = try await make(terms(.category("beach")))
        #expect(try await priced() == [second])
        _ = try await make(terms(.category("mountain")))
        let whole = try await rules.change(idle.id, to: terms(.all), if: nil)
        #expect(try await priced() == [first, second])
        try await rules.remove(beach.id, if: nil)
        _ = try await rules.change(whole.id, to: terms(.product(two)), if: nil)
        #expect(try await priced() == [second])
        try await rules.remove(whole.id, if: nil)
        #expect(try await priced().isEmpty)
        #expect(told.products.withLock(\.self) == [[two], [one], [one], [two]])
    }

    private final class Told: Sendable {
        let products = Mutex<[Set<ProductID>]>([])
    }
}

extension Shelf {
    /// Puts a product into a category below one.
    fileprivate func file(_ product: ProductID, under slug: String) async throws {
        let (parent, category, now) = (UUID.v7(), UUID.v7(), time.now)
        try await database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO categories (id, parent_id, slug, name, version, created_at)
                VALUES (\(parent), NULL, \(slug), \(slug), 1, \(now)),
                    (\(category), \(parent), 'below', 'below', 1, \(now))
                """)
            try transaction.execute(
                """
                INSERT INTO product_categories (product_id, category_id)
                VALUES (\(product), \(category))
                """)
        }
    }
}
