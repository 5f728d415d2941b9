import Events
import Foundation
import HTTPTypes
import Storage
import Web

/// The endpoints of everybody's orders, for those who look after them.
struct OrderAdministration: Sendable {
    let orders: Orders
    let idempotency: Idempotency

    /// What is needed to see orders.
    static let reading = Access.permission("orders:read")
    /// What is needed to change them.
    static let writing = Access.permission("orders:write")

    var all: [Route] {
        let one = "/api/v1/admin/orders/{id}"
        return [
            .get("/api/v1/admin/orders", access: Self.reading, list),
            .get(one, access: Self.reading, show),
            .get("\(one)/timeline", access: Self.reading, story),
            .post("\(one)/cancellation", access: Self.writing, cancel),
            .post("\(one)/refunds", access: Self.writing, refund),
            .put("\(one)/fulfilment", access: Self.writing, fulfil),
        ]
    }

    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        let page = try request.page()
        let rows = try await orders.list(try filter(of: request), page: page)
        return try .json(
            Page(rows.map { StaffOrderBody($0) }, of: page) {
                PageRequest.Cursor(time: $0.order.createdAt, id: $0.order.id.uuid)
            })
    }

    private func filter(of request: WebRequest) throws -> OrderStore.Filter {
        var filter = OrderStore.Filter()
        filter.state = try request.query["state"].map { text in
            guard let state = OrderState(rawValue: text) else {
                let words = OrderState.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem.badRequest("state must be one of \(words)")
            }
            return state
        }
        filter.userID = try request.query["userId"].map { text in
            guard let id = UserID(text) else {
                throw Problem.badRequest("userId must be a UUID")
            }
            return id
        }
        filter.number = try request.query["number"].map { text in
            // Numbers of all times are shorter, and of these signs.
            guard (1...40).contains(text.utf8.count),
                text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { throw Problem.badRequest("number must be an order's, as FL-7K3M-9QXTB") }
            return text.uppercased()
        }
        return filter
    }

    @Sendable private func show(_ request: WebRequest) async throws -> WebResponse {
        let (order, refunds) = try await orders.whole(try request.id())
        return try .json(StaffOrderBody(order, refunds: refunds), version: order.version)
    }

    @Sendable private func story(_ request: WebRequest) async throws -> WebResponse {
        let entries = try await orders.story(of: try request.id(), of: nil)
        return try .json(
            Page(items: entries.map { TimelineBody($0, isForStaff: true) }, nextCursor: nil))
    }

    @Sendable private func cancel(_ request: WebRequest) async throws -> WebResponse {
        let (note, isFree) =
            try request.body.isEmpty
            ? (nil, false)
            : request.decode { fields in
                (
                    fields.optionalString("reason", length: 1...500),
                    fields.bool("waiveFee", default: false)
                )
            }
        let fees = isFree ? nil : orders.policy.cancellationFees
        return try await change(request) {
            try $0.cancel(because: .administrator, note: note, fees: fees)
        }
    }

    @Sendable private func refund(_ request: WebRequest) async throws -> WebResponse {
        let (amount, note) = try request.decode { fields in
            (fields.money("amount"), fields.string("reason", length: 1...500))
        }
        guard let amount else { throw OrderError.nothingToRefund }
        return try await change(request) { try $0.refundPart(amount, note: note) }
    }

    @Sendable private func fulfil(_ request: WebRequest) async throws -> WebResponse {
        let step = try request.decode {
            $0.choice("status", as: OrderChange.FulfilmentStep.self)
        }
        guard let step else { throw OrderError.refused(.notFulfillable) }
        return try await change(request) { try $0.fulfil(step) }
    }

    /// Changes the order of the path, as the version says that the caller saw.
    private func change(
        _ request: WebRequest, _ body: @escaping @Sendable (inout OrderChange) throws -> Void
    ) async throws -> WebResponse {
        let condition = try request.requiredIfMatch()
        let id = try request.id(as: OrderID.self)
        let actor = TimelineEntry.Actor.administrator(try request.caller().userID)
        return try await orders.database.write { transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                let order = try orders.change(
                    id, by: actor, if: condition, in: transaction, body)
                let refunds = try orders.timeline.refunds(of: id, in: transaction)
                return try .json(
                    StaffOrderBody(order, refunds: refunds), version: order.version)
            }
        }
    }
}
