import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import Web

@testable import Product

@Suite(.serialized) struct `Reading the catalogue` {
    @Test(arguments: [1, 2, 3, 100])
    func `turns pages without gap or repetition while products come and go`(
        limit: Int
    ) async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        var made: [ProductSeen] = []
        for number in 0..<6 {
            made.append(try await harness.make("P\(number)"))
            if number.isMultiple(of: 2) { harness.time.advance(by: .milliseconds(1)) }
        }
        var seen: [String] = []
        var query = "?limit=\(limit)"
        var number = 6
        while true {
            let answer = try await harness.send(.get, "/api/v1/products\(query)")
            let page = try answer.reading(CataloguePage<ProductSeen>.self)
            seen += page.items.map(\.name)
            guard let cursor = page.nextCursor, let last = page.items.last else { break }
            query = "?limit=\(limit)&cursor=\(cursor)"
            harness.time.advance(by: .seconds(1))
            try await harness.make("P\(number)")
            number += 1
            // The very product that the cursor points to may go.
            _ = try await harness.send(
                .delete, "/api/v1/products/\(last.id)", as: cataloguer, headers: [.ifMatch: "*"])
        }
        #expect(seen.count == 6)
        #expect(Set(seen) == Set(made.map(\.name)))
    }

    @Test func `filters by all that is told of products`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        try await harness.make(
            "Größe", [variantJSON("G", #","onHand":1"#, price: 500)], kind: "activity",
            #","attributes":{"stars":4,"pool":true,"city":"Rome"}"#)
        try await harness.make(
            "Small_50%", [variantJSON("S", price: 2_000)], kind: "destination",
            #","attributes":{"stars":5,"pool":false},"texts":{"de":{"name":"Klein"}}"#)
        let cases: [(String, [String])] = [
            ("?kind=activity", ["Größe"]), ("?q=GR%C3%96SSE", []), ("?q=GR%C3%96", ["Größe"]),
            ("?q=_5", ["Small_50%"]), ("?q=0%25", ["Small_50%"]), ("?q=klein", ["Small_50%"]),
            ("?q=%25", ["Small_50%"]), ("?attribute.stars=4", ["Größe"]),
            ("?attribute.pool=false", ["Small_50%"]), ("?attribute.city=Rome", ["Größe"]),
            ("?attribute.city=rome", []), ("?currency=EUR&maxPrice=500", ["Größe"]),
            ("?currency=EUR&minPrice=501", ["Small_50%"]), ("?currency=USD", []),
            ("?available=true", ["Größe"]), ("?kind=package", []),
            ("?currency=EUR&minPrice=501&available=true", []),
        ]
        for (query, names) in cases {
            #expect(try await harness.names(query) == names, "\(query)")
        }
    }

    @Test(arguments: [
        "?kind=boat", "?kin=activity", "?available=yes", "?minPrice=1", "?currency=EUR&minPrice=x",
        "?currency=EUR&minPrice=5&maxPrice=4", "?currency=ABC", "?category=nope", "?status=draft",
        "?locale=deutsch!", "?q=", "?limit=0", "?cursor=x", "?attribute.=1", "?attribute.a%20b=1",
    ])
    func `refuses what it can't look for`(query: String) async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let answer = try await harness.send(.get, "/api/v1/products\(query)")
        #expect(answer.status == .badRequest)
        #expect(try answer.reading(CatalogueProblem.self).detail.isEmpty == false)
    }

    @Test func `shows drafts to those alone who keep them`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let draft = try await harness.make("Draft", nil, #","status":"draft""#)
        try await harness.make("Old", nil, #","status":"archived""#)
        #expect(try await harness.names("").isEmpty)
        #expect(try await harness.send(.get, "/api/v1/products/\(draft.id)").status == .notFound)
        for (query, count) in [("", 2), ("?status=draft", 1), ("?status=active", 0)] {
            let answer = try await harness.send(
                .get, "/api/v1/admin/products\(query)", as: cataloguer)
            #expect(try answer.reading(CataloguePage<ProductSeen>.self).items.count == count)
        }
    }

    @Test func `spares what a client has already`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make("Alps", [variantJSON("A", #","onHand":2"#)])
        for path in ["/api/v1/products", "/api/v1/products/\(product.id)"] {
            let first = try await harness.send(.get, path)
            let tag = try #require(first.headers[.eTag])
            let second = try await harness.send(.get, path, headers: [.ifNoneMatch: tag])
            #expect(second.status == .notModified)
            #expect(second.body.isEmpty)
        }
        let path = "/api/v1/products/\(product.id)"
        let tag = try #require(try await harness.send(.get, path).headers[.eTag])
        try await harness.database.write {
            try $0.execute("UPDATE stock_levels SET allocated = 1")
        }
        let third = try await harness.send(.get, path, headers: [.ifNoneMatch: tag])
        #expect(third.status == .ok)
        #expect(try third.reading(ProductSeen.self).variants.first?.available == 1)
    }

    @Test func `counts nothing for holds that are over`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let product = try await harness.make("Alps", [variantJSON("A", #","onHand":2"#)])
        let (order, now) = (OrderID(), harness.time.now)
        try await harness.database.write { transaction in
            try transaction.execute("UPDATE stock_levels SET reserved = 2")
            try transaction.execute(
                """
                INSERT INTO stock_holds (order_id, user_id, state, expires_at, created_at,
                    updated_at)
                VALUES (\(order), \(UserID()), 'held', \(now + 60), \(now), \(now))
                """)
            try transaction.execute(
                """
                INSERT INTO stock_hold_lines (order_id, variant_id, user_id, quantity, state,
                    expires_at)
                VALUES (\(order), \(product.variants[0].id), \(UserID()), 2, 'held', \(now + 60))
                """)
        }
        #expect(try await harness.names("?available=true").isEmpty)
        harness.time.advance(by: .seconds(60))
        #expect(try await harness.names("?available=true") == ["Alps"])
    }

    @Test(arguments: [
        ("?locale=de", nil, "Alpen", "de"), ("?locale=de-CH", nil, "Alpen", "de"),
        ("?locale=fr", nil, "Alps", "en"), ("", "fr;q=0.9, de-AT;q=0.8", "Alm", "de-AT"),
        ("", "en, de;q=0.5", "Alps", "en"), ("", nil, "Alps", "en"), ("", "*;;q=x", "Alps", "en"),
        ("?locale=fr", "de", "Alps", "en"),
    ])
    func `speaks the language that is asked for`(
        query: String, accepted: String?, name: String, language: String
    ) async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let texts = #","texts":{"de":{"name":"Alpen"},"de-at":{"name":"Alm"}}"#
        let product = try await harness.make("Alps", nil, texts)
        var headers: HTTPFields = [:]
        headers[.acceptLanguage] = accepted
        for path in ["/api/v1/products/\(product.id)", "/api/v1/products"] {
            let answer = try await harness.send(.get, path + query, headers: headers)
            #expect(answer.headers[.contentLanguage] == language)
            #expect(String(decoding: answer.body, as: UTF8.self).contains(#""name":"\#(name)""#))
            #expect(answer.headers[values: .vary].joined().contains("Accept-Language"))
        }
    }
}
