import Events
import Foundation
import HTTPTypes
import Storage
import Web

/// Where the provider tells what happened, without being asked.
struct WebhookRoutes: Sendable {
    private static let byteCountMax = 64 * 1_024
    private static let type = "payment.updated"

    let payments: Payments
    let secret: String?

    var all: [Route] {
        [
            Route.post("/api/v1/payments/webhooks", access: .anyone, receive)
                .limitingBody(to: Self.byteCountMax)
        ]
    }

    /// 200 when it was taken, now or before. 202 when it concerns nothing here: providers deliver
    /// what is refused again for days, and then switch the address off, and an account there may
    /// be shared with others.
    @Sendable private func receive(_ request: WebRequest) async throws -> WebResponse {
        try verify(request)
        let notice = try read(request.body)
        let now = payments.now()
        let isOurs = try await payments.database.write { [payments] transaction in
            let view = notice.payment
            let payment = try view.flatMap { try payments.store.find($0.id, in: transaction) }
            let isNew = try payments.notes.take(
                webhook: notice.id, of: payment?.id, outcome: payment == nil ? "ignored" : "taken",
                at: now, in: transaction)
            guard let view, payment != nil else { return false }
            if isNew {
                try payments.ledger.take(view, from: .webhook, voidedFor: nil, in: transaction)
            }
            return true
        }
        return try .json(Receipt(received: isOurs), status: isOurs ? .ok : .accepted)
    }

    private func verify(_ request: WebRequest) throws {
        guard let secret, let text = request.headers[.flotillaSignature],
            let signature = WebhookSignature(text)
        else { throw PaymentError.badSignature }
        try signature.verify(request.body, secret: secret, at: payments.now())
    }

    private func read(_ body: Data) throws -> Notice {
        guard let value = try? JSONValue(parsing: body) else {
            throw Problem(
                status: .badRequest, code: "request.malformed_json",
                detail: "the body is not valid JSON")
        }
        try CardNumberGuard.check(value)
        guard let head = try? FlotillaJSON.decode(Head.self, from: body),
            (1...200).contains(head.id.utf8.count), !head.id.utf8.contains(0)
        else { throw Problem.badRequest("a webhook has an id of up to 200 bytes and a type") }
        guard head.type == Self.type else { return Notice(id: head.id, payment: nil) }
        guard let whole = try? FlotillaJSON.decode(Whole.self, from: body),
            let payment = try? whole.payment.payment()
        else { throw Problem.badRequest("the payment can't be read") }
        return Notice(id: head.id, payment: payment)
    }

    private struct Notice: Sendable {
        let id: String
        /// `nil` for types that mean nothing here.
        let payment: ProviderPayment?
    }

    private struct Head: Decodable {
        let id: String
        let type: String
    }

    private struct Whole: Decodable { let payment: ProviderPaymentBody }

    private struct Receipt: Encodable { let received: Bool }
}

extension HTTPField.Name {
    /// Who sent a webhook, and when.
    static let flotillaSignature: HTTPField.Name = {
        guard let name = HTTPField.Name("Flotilla-Signature") else {
            preconditionFailure("it is a token")
        }
        return name
    }()
}
