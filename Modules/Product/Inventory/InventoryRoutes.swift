import Events
import Foundation
import HTTPTypes
import Storage
import Web

/// The endpoints of the stock, for those who keep it.
struct InventoryRoutes: Sendable {
    private static let reasonLength = 1...500

    let stock: Stock
    let idempotency: Idempotency

    var all: [Route] {
        let one = "/api/v1/variants/{id}/stock"
        let (reading, writing) = (
            Access.permission("inventory:read"), Access.permission("inventory:write")
        )
        return [
            .get(one, access: reading, show),
            .put(one, access: writing, set),
            .post("\(one)/adjustments", access: writing, adjust),
            .get("\(one)/movements", access: reading, movements),
        ]
    }

    @Sendable private func show(_ request: WebRequest) async throws -> WebResponse {
        let level = try await stock.level(of: try id(of: request))
        return try .json(StockBody(level), version: level.version)
    }

    @Sendable private func set(_ request: WebRequest) async throws -> WebResponse {
        let condition = try request.requiredIfMatch()
        let actor = try request.caller().userID.description
        let count = try request.decode { fields in
            StockCount(
                onHand: fields.int("onHand", in: 0...StockLevel.onHandMax),
                overbookingPercent: fields.optionalInt("overbookingPercent", in: 0...100),
                hasCustomerMax: fields.has("customerMax"),
                customerMax: fields.optionalInt("customerMax", in: 1...StockLevel.customerMaxMax),
                reason: fields.string("reason", length: Self.reasonLength))
        }
        let level = try await stock.set(
            try id(of: request), if: condition, by: actor, because: count.reason
        ) { seen in
            seen.with(
                onHand: count.onHand,
                overbookingPercent: count.overbookingPercent ?? seen.overbookingPercent,
                customerMax: count.hasCustomerMax ? count.customerMax : seen.customerMax)
        }
        return try .json(StockBody(level), version: level.version)
    }

    @Sendable private func adjust(_ request: WebRequest) async throws -> WebResponse {
        let variant = try id(of: request)
        let actor = try request.caller().userID.description
        let (delta, reason) = try request.decode { fields in
            let delta = fields.int("delta", in: -StockLevel.onHandMax...StockLevel.onHandMax)
            if delta == 0, fields.has("delta") { fields.reject("delta", "must not be 0") }
            return (delta, fields.string("reason", length: Self.reasonLength))
        }
        return try await stock.database.write { transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                let level = try stock.adjust(
                    variant, by: delta, actor: actor, because: reason, in: transaction)
                return try .json(
                    StockBody(level), version: level.version, status: .created,
                    headers: [.location: "/api/v1/variants/\(variant)/stock"])
            }
        }
    }

    @Sendable private func movements(_ request: WebRequest) async throws -> WebResponse {
        let limit = try request.limit()
        let before = try request.query["cursor"].map { text in
            guard let id = Int64(text), id > 0 else {
                throw Problem.badRequest("cursor is not one that was given out")
            }
            return id
        }
        let rows = try await stock.movements(
            of: try id(of: request), before: before, limit: limit)
        let items = Array(rows.prefix(limit))
        return try .json(
            Page(
                items: items,
                nextCursor: rows.count > limit ? items.last.map { "\($0.id)" } : nil))
    }

    private func id(of request: WebRequest) throws -> VariantID {
        guard let id = request.parameters["id"].flatMap({ VariantID($0) }) else {
            throw InventoryError.unknownVariant
        }
        return id
    }
}

/// What somebody counted.
private struct StockCount: Sendable {
    let onHand: Int
    let overbookingPercent: Int?
    let hasCustomerMax: Bool
    let customerMax: Int?
    let reason: String
}

/// A level as it is shown.
private struct StockBody: Encodable, Sendable {
    let variantId: VariantID
    let productId: ProductID
    let sku: String
    let onHand: Int
    let allocated: Int
    /// Without holds that are over.
    let reserved: Int
    let available: Int
    let overbookingPercent: Int
    let customerMax: Int?
    let version: Int64

    init(_ level: StockLevel) {
        variantId = level.variantID
        productId = level.productID
        sku = level.sku
        onHand = level.onHand
        allocated = level.allocated
        reserved = level.reserved - level.overdue
        available = level.available
        overbookingPercent = level.overbookingPercent
        customerMax = level.customerMax
        version = level.version
    }
}
