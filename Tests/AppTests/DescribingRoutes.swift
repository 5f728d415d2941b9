import Events
import Foundation
import HTTPTypes
import Platform
import Settings
import Testing
import Web
import Yams

@testable import flotilla

/// docs/openapi.yaml against the routes of the shop.
@Suite struct `Describing routes` {
    private static let described: Set = ["product", "order", "payment"]

    private static func document() throws -> [String: Any] {
        let place = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/openapi.yaml").standardizedFileURL
        let text = try String(contentsOf: place, encoding: .utf8)
        return try #require(try Yams.load(yaml: text) as? [String: Any])
    }

    /// The operations of the document by `METHOD path`.
    private func operations() throws -> [String: [String: Any]] {
        let paths = try #require(try Self.document()["paths"] as? [String: [String: Any]])
        let methods: Set = ["get", "put", "post", "patch", "delete"]
        return paths.reduce(into: [:]) { operations, path in
            for (method, operation) in path.value where methods.contains(method) {
                operations["\(method.uppercased()) \(path.key)"] = operation as? [String: Any]
            }
        }
    }

    private func routes() throws -> [String: Route] {
        let settings = Settings.defaults(try ModuleList().catalogue)
        let routes = try ModuleList.types.filter { Self.described.contains($0.name) }
            .flatMap { try $0.init(settings: settings, platform: .describing($0.name)).routes }
        return Dictionary(
            uniqueKeysWithValues: routes.map { ("\($0.method.rawValue) \($0.path)", $0) })
    }

    @Test func `names every route of the shop, and none that is not there`() throws {
        #expect(try Set(operations().keys) == Set(routes().keys))
    }

    @Test func `says who may call each, as the route does`() throws {
        let routes = try routes()
        for (name, operation) in try operations() {
            guard let route = routes[name] else { continue }
            let isOpen = (operation["security"] as? [Any])?.isEmpty == true
            #expect(isOpen == (route.access == .anyone), "\(name)")
            let permission: String? =
                if case .permission(let permission) = route.access { permission } else { nil }
            #expect(operation["x-permission"] as? String == permission, "\(name)")
            let answers = Set(try #require(operation["responses"] as? [String: Any]).keys)
            if !isOpen { #expect(answers.contains("401"), "\(name)") }
            if permission != nil { #expect(answers.contains("403"), "\(name)") }
            if name.contains("{id}") { #expect(answers.contains("404"), "\(name)") }
            #expect(answers.contains { $0.hasPrefix("2") || $0.hasPrefix("3") }, "\(name)")
        }
    }

    @Test func `declares each placeholder of a path`() throws {
        let paths = try #require(try Self.document()["paths"] as? [String: [String: Any]])
        for (path, item) in paths {
            let placeholders = Set(
                path.split(separator: "/").filter { $0.hasPrefix("{") }
                    .map { String($0.dropFirst().dropLast()) })
            let shared = (item["parameters"] as? [[String: Any]] ?? []).compactMap(name)
            #expect(Set(shared) == placeholders, "\(path)")
        }
    }

    /// A parameter's own name, or that of the shared one it refers to.
    private func name(_ parameter: [String: Any]) -> String? {
        guard let reference = parameter["$ref"] as? String else {
            return parameter["in"] as? String == "path" ? parameter["name"] as? String : nil
        }
        let components = try? Self.document()["components"] as? [String: Any]
        let shared = components?["parameters"] as? [String: [String: Any]]
        return reference.split(separator: "/").last.flatMap { shared?[String($0)] }.flatMap(name)
    }

    /// What no request can meet: it is for events alone.
    private static let internalCodes: Set = [
        "order.already_placed", "payment.not_started", "payment.not_captured",
        "payment.exceeds_captured", "payment.refund_not_started",
    ]

    @Test func `lists the codes of the shop's own refusals`() throws {
        let modules = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Modules").standardizedFileURL
        let code = /"((?:product|category|inventory|pricing|order|payment)\.[a-z_]+)"/
        let codes = try [
            "Product/Catalogue/Domain/CatalogueError", "Product/Pricing/PricingError",
            "Product/Inventory/InventoryError", "Order/Domain/OrderError",
            "Order/Domain/Occurrence", "Order/UseCases/Orders+Place",
            "Payment/Domain/PaymentError",
        ].reduce(into: Set<String>()) { codes, file in
            let text = try String(
                contentsOf: modules.appending(path: "\(file).swift"), encoding: .utf8)
            codes.formUnion(text.matches(of: code).map { String($0.1) })
        }
        let described = try operations().values
            .flatMap { $0["x-problem-codes"] as? [String] ?? [] }
        #expect(Set(described) == codes.subtracting(Self.internalCodes))
    }

    @Test func `knows the currencies of today`() throws {
        let components = try #require(try Self.document()["components"] as? [String: Any])
        let schemas = try #require(components["schemas"] as? [String: [String: Any]])
        let named = try #require(schemas["Currency"]?["enum"] as? [String])
        let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z")).map { String(UnicodeScalar($0)) }
        let codes = letters.flatMap { first in
            letters.flatMap { second in letters.map { first + second + $0 } }
        }
        #expect(named == codes.filter { Currency(rawValue: $0)?.isISO4217 == true })
    }

    @Test func `calls each operation by a name of its own`() throws {
        let names = try operations().values.compactMap { $0["operationId"] as? String }
        #expect(try names.count == operations().count)
        #expect(Set(names).count == names.count)
    }
}
