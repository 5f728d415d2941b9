import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import Web

@testable import Product

/// A product as clients see it.
struct ProductSeen: Decodable, Equatable {
    let id: ProductID
    let name: String
    let kind: String
    let description: String
    let status: String
    let categories: [String]
    let variants: [VariantSeen]
}

struct VariantSeen: Decodable, Equatable {
    let id: VariantID
    let sku: String
    let name: String
    let price: Money
    let prices: [Money]
    let onHand: Int
    let available: Int
    let isActive: Bool
    let quantityMin: Int
    let quantityMax: Int
    let overbookingPercent: Int
    let customerMax: Int?
}

struct CataloguePage<Item: Decodable>: Decodable {
    let items: [Item]
    let nextCursor: String?
}

struct CatalogueProblem: Decodable {
    let code: String
    let detail: String
    let errors: [Problem.FieldError]?
}

struct CategorySeen: Decodable, Equatable {
    let id: String
    let slug: String
    let name: String
    let parentId: String?
}

extension TestAnswer {
    func reading<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try FlotillaJSON.decode(T.self, from: body)
    }

    /// The pointers of what is wrong with the body.
    var pointers: [String] {
        get throws { try reading(CatalogueProblem.self).errors?.map(\.pointer) ?? [] }
    }
}

/// Whoever keeps the catalogue.
let cataloguer = TestCaller(permissions: ["products:write"])

/// A variant's body.
func variantJSON(_ sku: String, _ more: String = "", price: Int = 1_000) -> String {
    let money = #"{"amount":\#(price),"currency":"EUR"}"#
    return #"{"sku":"\#(sku)","name":"\#(sku)","price":\#(money)\#(more)}"#
}

/// A product's body.
func productJSON(
    _ name: String, _ variants: [String], kind: String = "package", _ more: String = ""
) -> String {
    let list = variants.joined(separator: ",")
    return #"{"name":"\#(name)","kind":"\#(kind)","variants":[\#(list)]\#(more)}"#
}

extension ModuleHarness where M == ProductModule {
    /// Posts a product that must do.
    @discardableResult
    func make(
        _ name: String, _ variants: [String]? = nil, kind: String = "package", _ more: String = ""
    ) async throws -> ProductSeen {
        let answer = try await send(
            .post, "/api/v1/products", as: cataloguer,
            json: productJSON(name, variants ?? [variantJSON(name)], kind: kind, more))
        try #require(answer.status == .created, "\(String(decoding: answer.body, as: UTF8.self))")
        return try answer.reading()
    }

    func put(_ id: ProductID, _ json: String, ifMatch: String?) async throws -> TestAnswer {
        var headers: HTTPFields = [:]
        headers[.ifMatch] = ifMatch
        return try await send(
            .put, "/api/v1/products/\(id)", as: cataloguer, headers: headers, json: json)
    }

    func names(_ query: String) async throws -> [String] {
        let answer = try await send(.get, "/api/v1/products\(query)")
        try #require(answer.status == .ok, "\(query): \(answer.status)")
        return try answer.reading(CataloguePage<ProductSeen>.self).items.map(\.name)
    }
}

/// The same so many times at once.
func allAtOnce<T: Sendable>(
    _ count: Int, _ act: @escaping @Sendable (Int) async throws -> T
) async throws -> [T] {
    try await withThrowingTaskGroup(of: T.self) { group in
        for index in 0..<count { group.addTask { try await act(index) } }
        return try await group.reduce(into: []) { $0.append($1) }
    }
}
