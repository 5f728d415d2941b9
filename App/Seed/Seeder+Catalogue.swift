import Foundation
import NIOHTTP1
import Web

extension Seeder {
    func addCategories() async throws {
        let there = try await client.get("/api/v1/categories").expecting(200)
        var ids: [String: JSONValue] = [:]
        for category in there.json["items"].items {
            if let slug = category["slug"].text { ids[slug] = category["id"] }
        }
        reporter.begin("categories", of: SeedCategory.all.count)
        for (slug, name, parent) in SeedCategory.all {
            defer { reporter.step() }
            guard ids[slug] == nil else {
                result.categories.found += 1
                continue
            }
            var body: [String: JSONValue] = ["slug": .string(slug), "name": .string(name)]
            if let parent { body["parentId"] = ids[parent] }
            let made = try await administrator.post("/api/v1/categories", .object(body))
            ids[slug] = try made.expecting(201).json["id"]
            result.categories.made += 1
        }
    }

    func addProducts() async throws {
        let there = try await learnProducts()
        let today = Calendar(identifier: .gregorian).startOfDay(in: .gmt, of: Date())
        reporter.begin("products", of: SeedCatalogue.products.count)
        for product in SeedCatalogue.products {
            defer { reporter.step() }
            result.variants += product.variants.count
            guard let first = product.variants.first else { continue }
            if let id = there[first.sku] {
                result.products.found += 1
                try await changePrice(of: product, id, today: today)
                continue
            }
            let made = try await administrator.post(
                "/api/v1/products",
                product.body(isEarlier: product.earlierPercent != nil, today: today))
            learn(try made.expecting(201).json)
            result.products.made += 1
            if let id = made.json["id"].text {
                try await changePrice(of: product, id, today: today)
            }
        }
    }

    /// Puts the price of today in the place of the earlier one, if that is what it costs.
    private func changePrice(of product: SeedProduct, _ id: String, today: Date) async throws {
        guard product.earlierPercent != nil else { return }
        let path = "/api/v1/admin/products/\(id)"
        let seen = try await administrator.get(path).expecting(200)
        let earlier = product.body(isEarlier: true, today: today)["variants"].items
        let isEarlier = zip(seen.json["variants"].items, earlier).allSatisfy {
            $0["sku"] == $1["sku"] && $0["price"] == $1["prices"].items.first
        }
        guard isEarlier, let tag = seen.tag else { return }
        try await administrator.send(
            .PUT, "/api/v1/products/\(id)", product.body(isEarlier: false, today: today),
            headers: ["If-Match": tag]
        ).expecting(200)
    }

    /// The ids of products by the SKUs of their variants.
    func learnProducts() async throws -> [String: String] {
        var products: [String: String] = [:]
        for product in try await administrator.all("/api/v1/admin/products") {
            for sku in learn(product) { products[sku] = product["id"].text }
        }
        return products
    }

    @discardableResult private func learn(_ product: JSONValue) -> [String] {
        product["variants"].items.compactMap { variant in
            guard let sku = variant["sku"].text else { return nil }
            variants[sku] = variant["id"].text
            return sku
        }
    }

    func addRules() async throws {
        let there = Set(
            try await administrator.all("/api/v1/pricing-rules").compactMap { $0["name"].text })
        let products = try await learnProducts()
        reporter.begin("pricing rules", of: SeedRule.all.count)
        for rule in SeedRule.all {
            defer { reporter.step() }
            guard !there.contains(rule.name), let product = products[rule.sku] else {
                result.pricingRules.found += 1
                continue
            }
            var body: [String: JSONValue] = [
                "name": .string(rule.name), "productId": .string(product),
                "kind": .string(rule.kind), "from": .integer(Int64(rule.from)),
                "permille": .integer(Int64(rule.permille)),
            ]
            if let end = rule.to { body["to"] = .integer(Int64(end)) }
            try await administrator.post("/api/v1/pricing-rules", .object(body)).expecting(201)
            result.pricingRules.made += 1
        }
    }
}

extension Calendar {
    fileprivate func startOfDay(in zone: TimeZone, of date: Date) -> Date {
        var calendar = self
        calendar.timeZone = zone
        return calendar.startOfDay(for: date)
    }
}
