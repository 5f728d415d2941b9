import AsyncHTTPClient
import EventBus
import Events
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// A provider behind an HTTP API of this system's own making; the module's guide has it in full.
struct HTTPPaymentProvider: PaymentProvider {
    /// A payment with a hundred refunds has about 15 KiB.
    private static let byteCountMax = 64 * 1_024

    let name = "http"
    let url: String
    let apiKey: String?
    let timeout: Duration
    let client: ProviderClient

    func charge(_ charge: Charge) async throws -> ProviderPayment {
        try await payment(
            "POST", "/payments", key: charge.id.description,
            ChargeBody(
                id: charge.id, orderId: charge.orderID, amount: charge.amount.amount,
                currency: charge.amount.currency, capture: charge.mode.rawValue))
    }

    func capture(_ payment: PaymentID, _ amount: Money) async throws -> ProviderPayment {
        try await self.payment(
            "POST", "/payments/\(payment)/capture", key: "\(payment)/capture",
            AmountBody(amount: amount.amount, currency: amount.currency))
    }

    func void(_ payment: PaymentID) async throws -> ProviderPayment {
        try await self.payment(
            "POST", "/payments/\(payment)/void", key: "\(payment)/void", nil as AmountBody?)
    }

    func refund(
        _ refund: RefundID, of payment: PaymentID, _ amount: Money
    ) async throws -> ProviderRefund {
        let answer = try await send(
            "POST", "/payments/\(payment)/refunds", key: refund.description,
            AmountBody(id: refund, amount: amount.amount, currency: amount.currency))
        guard let answer, let view = try? read(ProviderRefundBody.self, answer).refund(),
            view.id == refund
        else { throw ProviderMishap.outcomeUnknown }
        return view
    }

    func status(of payment: PaymentID) async throws -> ProviderPayment? {
        let answer = try await send(
            "GET", "/payments/\(payment)", key: nil, nil as AmountBody?)
        return try answer.map { try view(of: $0, payment) }
    }

    private func payment(
        _ method: String, _ path: String, key: String, _ body: (some Encodable & Sendable)?
    ) async throws -> ProviderPayment {
        let answer = try await send(method, path, key: key, body)
        // A call that was taken has an answer: 404 says that there is no such payment.
        guard let answer, let id = PaymentID(String(key.prefix(36))) else {
            throw ProviderMishap.outcomeUnknown
        }
        return try view(of: answer, id)
    }

    private func view(of answer: Data, _ id: PaymentID) throws -> ProviderPayment {
        guard let view = try? read(ProviderPaymentBody.self, answer).payment(), view.id == id
        else { throw ProviderMishap.outcomeUnknown }
        return view
    }

    private func read<Body: Decodable>(_ body: Body.Type, _ answer: Data) throws -> Body {
        try FlotillaJSON.decode(Body.self, from: answer)
    }

    /// - Returns: the body of a good answer; `nil` for 404.
    private func send(
        _ method: String, _ path: String, key: String?, _ body: (some Encodable & Sendable)?
    ) async throws -> Data? {
        var request = HTTPClientRequest(url: url + path)
        request.method = .init(rawValue: method)
        request.headers.add(name: "Accept", value: "application/json")
        if let apiKey { request.headers.add(name: "Authorization", value: "Bearer \(apiKey)") }
        if let key { request.headers.add(name: "Idempotency-Key", value: key) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: try FlotillaJSON.encode(body)))
        }
        return try await answer(to: request)
    }

    private func answer(to request: HTTPClientRequest) async throws -> Data? {
        let status: UInt
        let data: Data
        do {
            // The deadline holds for the body as well.
            let response = try await client.get().execute(
                request, timeout: .nanoseconds(Int64(timeout / .nanoseconds(1))))
            status = response.status.code
            data = Data(
                try await response.body.collect(upTo: Self.byteCountMax).readableBytesView)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Self.mishap(of: error)
        }
        switch status {
        case 200...299: return data
        case 404: return nil
        case 429: throw ProviderBusy()
        // It was refused before anything was done: the key is wrong, or this program is. Operators
        // have to look, and the bus keeps it for them.
        case 400, 401, 403, 405, 413, 415, 422: throw ProviderMishap.notSent
        default: throw ProviderMishap.outcomeUnknown
        }
    }

    /// Whether a call surely did not reach the provider.
    static func mishap(of error: any Error) -> ProviderMishap {
        switch error {
        case is NIOConnectionError, ChannelError.connectTimeout: .notSent
        case let error as IOError
        where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN].contains(error.errnoCode):
            .notSent
        case let error as HTTPClientError
        where [.connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout]
            .contains(error):
            .notSent
        default: .outcomeUnknown
        }
    }
}

/// The provider has too much to do, and did nothing.
struct ProviderBusy: DelayedFailure {
    let retryAfter = Duration.seconds(5)
}
