import Events
import Foundation
import HTTPTypes
import Storage
import Web

/// The endpoints of quotes, and of the rules behind them.
struct PricingRoutes: Sendable {
    let quotes: Quotes
    let rules: PricingRules
    let idempotency: Idempotency

    var all: [Route] {
        let (list, one) = ("/api/v1/pricing-rules", "/api/v1/pricing-rules/{id}")
        let writing = Access.permission("pricing:write")
        return [
            .post("/api/v1/quotes", access: .authenticated, give),
            .get("/api/v1/quotes/{id}", access: .authenticated, show),
            .get(list, access: writing, listRules),
            .post(list, access: writing, makeRule),
            .put(one, access: writing, changeRule),
            Route(.delete, one, access: writing, removeRule),
        ]
    }

    @Sendable private func give(_ request: WebRequest) async throws -> WebResponse {
        let user = try request.caller().userID
        let (lines, currency) = try request.decode { fields in
            let lines = fields.objects("items", count: 1...100) { item in
                let id = item.id("productId", as: VariantID.self)
                let quantity = item.int("quantity", in: 1...999)
                return id.map { Quotes.Line(variantID: $0, quantity: quantity) }
            }
            return (lines.compactMap(\.self), fields.optionalCurrency("currency"))
        }
        return try await quotes.database.write { transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                let quote = try quotes.give(lines, in: currency, to: user, within: transaction)
                return try .created(
                    QuoteBody(quote, isExpired: false), at: "/api/v1/quotes/\(quote.id)")
            }
        }
    }

    @Sendable private func show(_ request: WebRequest) async throws -> WebResponse {
        guard let id = request.parameters["id"].flatMap({ QuoteID($0) }) else {
            throw PricingError.quoteNotFound
        }
        let (quote, isExpired) = try await quotes.find(id, of: try request.caller().userID)
        return try .json(QuoteBody(quote, isExpired: isExpired))
    }

    @Sendable private func listRules(_ request: WebRequest) async throws -> WebResponse {
        let page = try request.page()
        let rows = try await rules.list(page)
        return try .json(
            Page(rows.map(PricingRuleBody.init), of: page) {
                PageRequest.Cursor(time: $0.createdAt, id: $0.id.uuid)
            })
    }

    @Sendable private func makeRule(_ request: WebRequest) async throws -> WebResponse {
        let terms = try request.decode { $0.pricingTerms() }
        return try await rules.database.write { transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                let rule = try rules.make(terms, in: transaction)
                return try .json(
                    PricingRuleBody(rule), version: rule.version, status: .created,
                    headers: [.location: "/api/v1/pricing-rules/\(rule.id)"])
            }
        }
    }

    @Sendable private func changeRule(_ request: WebRequest) async throws -> WebResponse {
        let condition = try request.requiredIfMatch()
        let terms = try request.decode { $0.pricingTerms() }
        let rule = try await rules.change(try ruleID(of: request), to: terms, if: condition)
        return try .json(PricingRuleBody(rule), version: rule.version)
    }

    @Sendable private func removeRule(_ request: WebRequest) async throws -> WebResponse {
        let condition = try request.requiredIfMatch()
        try await rules.remove(try ruleID(of: request), if: condition)
        return .noContent
    }

    private func ruleID(of request: WebRequest) throws -> PricingRuleID {
        guard let id = request.parameters["id"].flatMap({ PricingRuleID($0) }) else {
            throw PricingError.ruleNotFound
        }
        return id
    }
}

/// A quote as whoever asked sees it.
private struct QuoteBody: Encodable, Sendable {
    let id: QuoteID
    let items: [Quote.Item]
    let total: Money
    let expiresAt: Date
    let isExpired: Bool
    let createdAt: Date

    init(_ quote: Quote, isExpired: Bool) {
        id = quote.id
        items = quote.items
        total = quote.total
        expiresAt = quote.expiresAt
        self.isExpired = isExpired
        createdAt = quote.createdAt
    }
}
