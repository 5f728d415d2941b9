import Events
import Foundation
import OrderContract
import Storage
import Web

/// The endpoints of Order.
struct OrderRoutes: Sendable {
    let orders: Orders
    let idempotency: Idempotency

    var all: [Route] {
        [
            .get("/api/v1/orders", access: .authenticated, list),
            .post("/api/v1/orders", access: .authenticated, place),
            .get("/api/v1/orders/{id}", access: .authenticated, show),
        ]
    }

    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        let page = try request.page()
        let rows = try await orders.list(of: try request.caller().userID, page: page)
        return try .json(
            Page(rows.map(OrderBody.init), of: page) {
                PageRequest.Cursor(time: $0.createdAt, id: $0.id.uuid)
            })
    }

    @Sendable private func show(_ request: WebRequest) async throws -> WebResponse {
        let order = try await orders.find(try request.id(), of: try request.caller().userID)
        return try .json(OrderBody(order))
    }

    @Sendable private func place(_ request: WebRequest) async throws -> WebResponse {
        let user = try request.caller().userID
        let items = try request.decode { fields in
            fields.objects("items", count: 1...100) { $0.orderItem(from: orders.products) }
        }.compactMap { $0 }
        return try await orders.database.write { transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                let order = try orders.place(items, for: user, in: transaction)
                return try .created(OrderBody(order), at: "/api/v1/orders/\(order.id)")
            }
        }
    }
}

extension Fields {
    /// A line of a new order, at the product's price; `nil` stands for one that was rejected.
    fileprivate mutating func orderItem(from products: ProductList) -> OrderCreated.Item? {
        let id = id("productId", as: VariantID.self)
        let quantity = int("quantity", in: 1...999)
        guard let id else { return nil }
        guard let product = products[id] else {
            reject("productId", "there is no such product")
            return nil
        }
        return OrderCreated.Item(productID: id, quantity: quantity, unitPrice: product.price)
    }
}

/// An order as its owner sees it.
struct OrderBody: Encodable, Sendable {
    let id: OrderID
    let kind: String
    let status: String
    let items: [OrderCreated.Item]
    let total: Money
    let createdAt: Date

    init(_ order: Order) {
        id = order.id
        kind = order.kind.rawValue
        status = order.status.rawValue
        items = order.items
        total = order.total
        createdAt = order.createdAt
    }
}
