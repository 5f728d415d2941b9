import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import Web

@testable import Product

@Suite(.serialized) struct `Keeping categories` {
    private func make(
        _ slug: String, under parent: CategorySeen? = nil,
        _ harness: ModuleHarness<ProductModule>
    ) async throws -> CategorySeen {
        let answer = try await harness.send(
            .post, "/api/v1/categories", as: cataloguer, json: body(slug, parent?.id))
        try #require(answer.status == .created)
        return try answer.reading()
    }

    private func body(_ slug: String, _ parent: String?) -> String {
        let parent = parent.map { #""\#($0)""# } ?? "null"
        return #"{"slug":"\#(slug)","name":"\#(slug)","parentId":\#(parent)}"#
    }

    private func move(
        _ category: CategorySeen, under parent: CategorySeen?,
        _ harness: ModuleHarness<ProductModule>
    ) async throws -> TestAnswer {
        try await harness.send(
            .put, "/api/v1/categories/\(category.id)", as: cataloguer, headers: [.ifMatch: "*"],
            json: body(category.slug, parent?.id))
    }

    @Test func `finds the products of a branch`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let europe = try await make("europe", harness)
        let alps = try await make("alps", under: europe, harness)
        _ = try await make("tyrol", under: alps, harness)
        _ = try await make("asia", harness)
        try await harness.make("Hut", nil, #","categories":["tyrol"]"#)
        try await harness.make("Temple", nil, #","categories":["asia"]"#)
        for slug in ["europe", "alps", "tyrol"] {
            #expect(try await harness.names("?category=\(slug)") == ["Hut"])
        }
        #expect(try await harness.names("?category=asia") == ["Temple"])
        let list = try await harness.send(.get, "/api/v1/categories")
        let seen = try list.reading(CataloguePage<CategorySeen>.self).items
        #expect(seen.map(\.slug) == ["alps", "asia", "europe", "tyrol"])
        #expect(seen.first?.parentId == europe.id)
    }

    @Test func `refuses circles, also those that two make at once`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let (a, b) = (try await make("a", harness), try await make("b", harness))
        #expect(try await move(a, under: a, harness).status == .conflict)
        let answers = try await allAtOnce(2) { index in
            index == 0
                ? try await move(a, under: b, harness) : try await move(b, under: a, harness)
        }
        #expect(Set(answers.map(\.status.code)) == [200, 409])
    }

    @Test func `refuses levels beyond ten, and slugs that are none or taken`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        var last = try await make("l1", harness)
        for level in 2...10 { last = try await make("l\(level)", under: last, harness) }
        let cases = [
            (body("l11", last.id), 409), (body("l1", nil), 409), (body("Not A Slug", nil), 422),
            (body("ok", UUID().uuidString), 422), (body("ok", "x"), 422), (#"{"slug":"ok"}"#, 422),
        ]
        for (json, status) in cases {
            let answer = try await harness.send(
                .post, "/api/v1/categories", as: cataloguer, json: json)
            #expect(answer.status.code == status, "\(json)")
        }
    }

    @Test func `goes only when nothing is in it`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let europe = try await make("europe", harness)
        let alps = try await make("alps", under: europe, harness)
        let product = try await harness.make("Hut", nil, #","categories":["alps"]"#)
        for category in [europe, alps] {
            let answer = try await harness.send(
                .delete, "/api/v1/categories/\(category.id)", as: cataloguer)
            #expect(answer.status == .conflict)
            #expect(try answer.reading(CatalogueProblem.self).code == "category.in_use")
        }
        _ = try await harness.send(
            .delete, "/api/v1/products/\(product.id)", as: cataloguer, headers: [.ifMatch: "*"])
        for category in [alps, europe] {
            let answer = try await harness.send(
                .delete, "/api/v1/categories/\(category.id)", as: cataloguer)
            #expect(answer.status == .noContent)
        }
    }

    @Test func `changes the version that is named, and never the slug`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let europe = try await make("europe", harness)
        let path = "/api/v1/categories/\(europe.id)"
        let json = body("europe", nil)
        #expect(
            try await harness.send(.put, path, as: cataloguer, json: json).status.code == 428)
        let stale = try await harness.send(
            .put, path, as: cataloguer, headers: [.ifMatch: "\"v7\""], json: json)
        #expect(stale.status == .preconditionFailed)
        let renamed = try await harness.send(
            .put, path, as: cataloguer, headers: [.ifMatch: "\"v1\""], json: body("asia", nil))
        #expect(try renamed.pointers == ["/slug"])
    }
}
