import Events
import Foundation
import HTTPTypes
import Storage
import UserContract
import Web

/// The endpoints of the caller's own orders.
struct OrderRoutes: Sendable {
    let orders: Orders
    let idempotency: Idempotency

    var all: [Route] {
        let one = "/api/v1/orders/{id}"
        return [
            .get("/api/v1/orders", access: .authenticated, list),
            .post("/api/v1/orders", access: .authenticated, place),
            .get(one, access: .authenticated, show),
            .post("\(one)/payments", access: .authenticated, pay),
            .get("\(one)/cancellation", access: .authenticated, previewCancellation),
            .post("\(one)/cancellation", access: .authenticated, cancel),
            .get("\(one)/timeline", access: .authenticated, story),
        ]
    }

    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        let page = try request.page()
        let user = try request.caller().userID
        let rows = try await orders.list(.init(userID: user), page: page)
        return try .json(
            Page(rows.map { OrderBody($0) }, of: page) {
                PageRequest.Cursor(time: $0.createdAt, id: $0.id.uuid)
            })
    }

    @Sendable private func show(_ request: WebRequest) async throws -> WebResponse {
        let order = try await orders.find(try request.id(), of: try request.caller().userID)
        return try .json(OrderBody(order), version: order.version)
    }

    @Sendable private func place(_ request: WebRequest) async throws -> WebResponse {
        let user = try request.caller().userID
        let read = try request.decode { $0.newOrder() }
        // What was wrong with it was thrown above.
        guard let new = read else { throw OrderError.empty }
        do {
            return try await place(new, for: user, request)
        } catch let refusal where refusal is Problem || refusal is any Refusal {
            // What it names may not have been heard of yet.
            try await orders.awaitNews(of: new, for: user)
            return try await place(new, for: user, request)
        }
    }

    private func place(
        _ new: NewOrder, for user: UserID, _ request: WebRequest
    ) async throws -> WebResponse {
        try await orders.database.write { transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                let order = try orders.place(new, for: user, in: transaction)
                return try .json(
                    OrderBody(order), version: order.version, status: .created,
                    headers: [.location: "/api/v1/orders/\(order.id)"])
            }
        }
    }

    @Sendable private func pay(_ request: WebRequest) async throws -> WebResponse {
        let user = try request.caller().userID
        let id = try request.id(as: OrderID.self)
        let condition = try request.ifMatch()
        return try await orders.database.write { transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                let order = try orders.change(
                    id, of: user, by: .customer(user), if: condition, in: transaction
                ) { try $0.retryPayment() }
                return try .json(
                    OrderBody(order), version: order.version, status: .accepted,
                    headers: [.location: "/api/v1/orders/\(order.id)"])
            }
        }
    }

    @Sendable private func previewCancellation(
        _ request: WebRequest
    ) async throws -> WebResponse {
        let user = try request.caller().userID
        let id = try request.id(as: OrderID.self)
        let (terms, version) = try await orders.cancellation(of: id, by: user)
        return try .json(CancellationBody(terms), version: version)
    }

    @Sendable private func cancel(_ request: WebRequest) async throws -> WebResponse {
        let user = try request.caller().userID
        let id = try request.id(as: OrderID.self)
        let condition = try request.requiredIfMatch()
        let note =
            try request.body.isEmpty
            ? nil : request.decode { $0.optionalString("reason", length: 1...500) }
        return try await orders.database.write { transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                let order = try orders.change(
                    id, of: user, by: .customer(user), if: condition, in: transaction
                ) {
                    try $0.cancel(
                        because: .customer, note: note, fees: orders.policy.cancellationFees)
                }
                return try .json(OrderBody(order), version: order.version)
            }
        }
    }

    @Sendable private func story(_ request: WebRequest) async throws -> WebResponse {
        let entries = try await orders.story(
            of: try request.id(), of: try request.caller().userID)
        return try .json(
            Page(
                items: entries.map { TimelineBody($0, isForStaff: false) }, nextCursor: nil))
    }
}

extension Fields {
    /// What is ordered: lines, or a quote; `nil` for what was rejected.
    fileprivate mutating func newOrder() -> NewOrder? {
        let quote = optionalID("quoteId", as: QuoteID.self)
        let address = optionalID("addressId", as: AddressID.self)
        let currency = optionalCurrency("currency")
        let expected = optionalMoney("expectedTotal", in: 0...Self.amountMax)
        let content: NewOrder.Content?
        if let quote {
            content = .quote(quote)
            if has("items"), !isNull("items") {
                reject("items", "an order is made of items or of a quote")
                _ = json("items")
            } else {
                _ = optionalString("items", length: 0...0)
            }
        } else {
            let lines = objects("items", count: 1...100) { $0.orderLine() }
            content = .items(lines.compactMap(\.self))
        }
        return content.map {
            NewOrder(
                content: $0, addressID: address, currency: currency, expectedTotal: expected)
        }
    }

    private mutating func orderLine() -> NewOrder.Line? {
        let id = id("productId", as: VariantID.self)
        let quantity = int("quantity", in: 1...NewOrder.quantityMax)
        return id.map { NewOrder.Line(productID: $0, quantity: quantity) }
    }
}
