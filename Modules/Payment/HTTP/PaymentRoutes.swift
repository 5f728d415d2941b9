import Events
import Foundation
import HTTPTypes
import Storage
import Web

/// The endpoints of Payment for those who look after it.
struct PaymentRoutes: Sendable {
    private static let read = Access.permission("payments:read")
    private static let write = Access.permission("payments:write")

    let payments: Payments
    let idempotency: Idempotency

    var all: [Route] {
        [
            .get("/api/v1/payments", access: Self.read, list),
            .get("/api/v1/payments/{id}", access: Self.read, show),
            .post("/api/v1/payments/{id}/capture", access: Self.write, capture),
            .post("/api/v1/payments/{id}/void", access: Self.write, void),
            .post("/api/v1/payments/{id}/checks", access: Self.write, review),
        ]
    }

    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        let page = try request.page()
        let order = try request.query["orderId"].map { text in
            guard let id = OrderID(text) else {
                throw Problem.badRequest("the query parameter orderId is not a UUID")
            }
            return id
        }
        let state = try request.query["state"].map { text in
            guard let state = PaymentState(rawValue: text) else {
                throw Problem.badRequest(
                    "state must be one of "
                        + PaymentState.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return state
        }
        let rows = try await payments.database.read { [payments] in
            try payments.store.list(of: order, in: state, page, in: $0)
        }
        return try .json(
            Page(rows.map { PaymentBody($0) }, of: page) {
                PageRequest.Cursor(time: $0.createdAt, id: $0.id.uuid)
            })
    }

    @Sendable private func show(_ request: WebRequest) async throws -> WebResponse {
        let id: PaymentID = try request.id()
        let (payment, entries, refunds) = try await payments.database.read {
            [payments] transaction in
            guard let payment = try payments.store.find(id, in: transaction) else {
                throw PaymentError.notFound
            }
            return (
                payment, try payments.store.ledger(of: id, in: transaction),
                try payments.refunds.refunds(of: id, in: transaction)
            )
        }
        return try .json(
            PaymentBody(payment, entries, refunds), version: payment.version)
    }

    @Sendable private func capture(_ request: WebRequest) async throws -> WebResponse {
        try refuseCards(request)
        let amount =
            request.body.isEmpty
            ? nil
            : try request.decode { fields in
                fields.has("amount") ? Int64(fields.int("amount", in: 1...(1 << 53 - 1))) : nil
            }
        return try await administer(request) { id, condition in
            try await payments.capture(id, amount, if: condition)
        }
    }

    @Sendable private func void(_ request: WebRequest) async throws -> WebResponse {
        try refuseCards(request)
        if !request.body.isEmpty { try request.decode { _ in } }
        return try await administer(request) { try await payments.void($0, if: $1) }
    }

    @Sendable private func review(_ request: WebRequest) async throws -> WebResponse {
        try refuseCards(request)
        let id: PaymentID = try request.id()
        let payment = try await payments.database.write { [payments] in
            try payments.review(id, in: $0)
        }
        return try .json(PaymentBody(payment), version: payment.version, status: .accepted)
    }

    private func refuseCards(_ request: WebRequest) throws {
        guard let value = try? JSONValue(parsing: request.body) else { return }
        try CardNumberGuard.check(value)
    }

    /// The provider is called between two transactions. A repeated key is answered before the
    /// first; the answer is kept with the second. 202 when the provider did not say.
    private func administer(
        _ request: WebRequest,
        _ command: (PaymentID, VersionCondition?) async throws -> Payments.Ending
    ) async throws -> WebResponse {
        let id: PaymentID = try request.id()
        if let replayed = try await replayed(request) { return replayed }
        let ending = try await command(id, try request.requiredIfMatch())
        return try await payments.database.write { [idempotency] transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                let payment = try ending(transaction)
                return try .json(
                    PaymentBody(payment), version: payment.version,
                    status: payment.state == .authorized ? .accepted : .ok)
            }
        }
    }

    private func replayed(_ request: WebRequest) async throws -> WebResponse? {
        guard request.headers[.idempotencyKey] != nil else { return nil }
        do {
            return try await payments.database.write { [idempotency] transaction in
                try idempotency.perform(request, in: transaction) { _ in throw FirstTime() }
            }
        } catch is FirstTime {
            return nil
        }
    }

    private struct FirstTime: Error {}
}
