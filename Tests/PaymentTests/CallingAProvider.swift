import EventBus
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import OrderContract
import PaymentContract
import ServiceLifecycle
import Synchronization
import Testing
import Web

@testable import Payment

/// A provider's desk behind a socket of this process.
private final class Desk: Sendable {
    struct State {
        /// What it answers instead, and whether it does first what it is asked to.
        var status: Int?
        var isDone = true
        var delay = Duration.zero
        var payments: [String: String] = [:]
        var keys: [String] = []
        var authorization: String?
        var bodies: [String] = []
    }

    let state = Mutex(State())

    var routes: [Route] {
        [
            .post("/payments", access: .anyone) { request in
                let key = request.headers[.idempotencyKey] ?? ""
                return try await self.answer(request) { state in
                    state.payments[key] = Self.payment(key, "captured", captured: 1_999)
                    return key
                }
            },
            .get("/payments/{id}", access: .anyone) { request in
                try await self.answer(request) { _ in request.parameters["id"] ?? "" }
            },
            .post("/payments/{id}/refunds", access: .anyone) { request in
                _ = try await self.answer(request) { _ in request.parameters["id"] ?? "" }
                return WebResponse(
                    status: .ok,
                    body: Data(
                        """
                        {"id":"\(request.headers[.idempotencyKey] ?? "")","amount":99,\
                        "status":"completed"}
                        """.utf8))
            },
        ]
    }

    static func payment(_ id: String, _ status: String, captured: Int) -> String {
        """
        {"id":"\(id)","status":"\(status)","amount":1999,"currency":"EUR",\
        "capturedAmount":\(captured),"reference":"4242424242424242","note":"4242424242424242"}
        """
    }

    private func answer(
        _ request: WebRequest, _ work: @Sendable (inout State) -> String
    ) async throws -> WebResponse {
        let (status, delay, body) = state.withLock { state in
            if let key = request.headers[.idempotencyKey] { state.keys.append(key) }
            state.authorization = request.headers[.authorization]
            state.bodies.append(String(decoding: request.body, as: UTF8.self))
            var id = request.parameters["id"] ?? ""
            if state.isDone { id = work(&state) }
            return (state.status, state.delay, state.payments[id])
        }
        try await Task.sleep(for: delay)
        if let status {
            return WebResponse(status: .init(code: status), body: Data("4242424242424242".utf8))
        }
        guard let body else { return WebResponse(status: .notFound) }
        return WebResponse(status: .ok, body: Data(body.utf8))
    }
}

@Suite(.serialized) struct `Calling a provider` {
    /// Runs Payment against a desk.
    private func calling(
        timeout: String = "5s",
        _ body: (Desk, ModuleHarness<PaymentModule>) async throws -> Void
    ) async throws {
        let desk = Desk()
        var settings = WebServer.Settings()
        settings.port = 0
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let server = WebServer(
            routes: desk.routes, settings: settings,
            verifier: try await AccessTokenVerifier(keys: [], issuer: "", audience: "")
        ) { port.yield($0) }
        let group = ServiceGroup(services: [server], logger: Logger(label: "desk"))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let number = try #require(await ports.first { _ in true })
            let harness = try await ModuleHarness(
                PaymentModule.self,
                settings: [
                    "payment.provider": "http", "payment.http.url": "http://127.0.0.1:\(number)",
                    "payment.http.apiKey": "a key", "payment.http.timeout": timeout,
                ])
            let result = await Result { try await body(desk, harness) }
            try await close(harness)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try result.get()
        }
    }

    private func close(_ harness: ModuleHarness<PaymentModule>) async throws {
        for service in harness.module.services {
            try await (service as? ProviderClient)?.shutdown()
        }
    }

    private func charge(
        _ harness: ModuleHarness<PaymentModule>
    ) async throws -> OrderPaymentRequested {
        let order = OrderPaymentRequested.sample()
        try await harness.publish(order)
        try await harness.settle()
        return order
    }

    @Test func `charges and gives back, with the ids as keys`() async throws {
        try await calling { desk, harness in
            let order = try await charge(harness)
            #expect(try await harness.payment(order.paymentID).state == .completed)
            let refund = order.refund(99)
            try await harness.publish(refund)
            try await harness.settle()
            #expect(try await harness.payment(order.paymentID).refundedAmount == 99)
            let (keys, authorization, body) = desk.state.withLock {
                ($0.keys, $0.authorization, $0.bodies[0])
            }
            #expect(keys == [order.paymentID.description, refund.refundID.description])
            #expect(authorization == "Bearer a key")
            #expect(
                body == """
                    {"amount":1999,"capture":"automatic","currency":"EUR",\
                    "id":"\(order.paymentID)","orderId":"\(order.orderID)"}
                    """)
            // What looks like a card number is not kept.
            #expect(try await harness.payment(order.paymentID).reference == nil)
        }
    }

    @Test(arguments: [500, 502, 503, 409, 302]) func `does not know what a bad answer means`(
        status: Int
    ) async throws {
        try await calling { desk, harness in
            desk.state.withLock { $0.status = status }
            let order = try await charge(harness)
            #expect(try await harness.payment(order.paymentID).state == .unknown)
            desk.state.withLock { $0.status = nil }
            harness.time.advance(by: .seconds(10))
            try await harness.settle()
            #expect(try await harness.payment(order.paymentID).state == .completed)
            #expect(try await harness.published(PaymentCompleted.self).count == 1)
            #expect(desk.state.withLock { $0.keys.count } == 1)
        }
    }

    @Test func `asks when an answer takes too long`() async throws {
        try await calling(timeout: "500ms") { desk, harness in
            desk.state.withLock { $0.delay = .seconds(2) }
            let order = try await charge(harness)
            #expect(try await harness.payment(order.paymentID).state == .unknown)
            desk.state.withLock { $0.delay = .zero }
            harness.time.advance(by: .seconds(10))
            try await harness.settle()
            #expect(try await harness.payment(order.paymentID).state == .completed)
        }
    }

    @Test func `gives up what the provider never heard of`() async throws {
        try await calling { desk, harness in
            desk.state.withLock {
                $0.status = 500
                $0.isDone = false
            }
            let order = try await charge(harness)
            desk.state.withLock { $0.status = nil }
            for round in 1...3 {
                harness.time.advance(by: CheckSchedule.delay(before: round)!)
                try await harness.settle()
            }
            let payment = try await harness.payment(order.paymentID)
            #expect(payment.failure == .providerUnreachable)
        }
    }

    @Test(arguments: [401, 422, 429]) func `is tried again when it was refused unread`(
        status: Int
    ) async throws {
        try await calling { desk, harness in
            desk.state.withLock {
                $0.status = status
                $0.isDone = false
            }
            let order = try await charge(harness)
            let parked = try await harness.parked(at: "payment.charge")
            #expect(parked.map(\.state) == ["retrying"])
            #expect(parked.allSatisfy { $0.error?.contains("4242") == false })
            desk.state.withLock {
                $0.status = nil
                $0.isDone = true
            }
            harness.time.advance(by: .seconds(60))
            try await harness.settle()
            #expect(try await harness.payment(order.paymentID).state == .completed)
        }
    }

    @Test func `is tried again when nobody is there`() async throws {
        let harness = try await ModuleHarness(
            PaymentModule.self,
            settings: [
                "payment.provider": "http", "payment.http.url": "http://127.0.0.1:1",
            ])
        let order = try await charge(harness)
        #expect(try await harness.payment(order.paymentID).state == .initiated)
        #expect(try await harness.parked(at: "payment.charge").map(\.state) == ["retrying"])
        try await close(harness)
    }

    @Test func `tells what surely was not sent from what may have been`() {
        #expect(
            HTTPPaymentProvider.mishap(of: ChannelError.connectTimeout(.seconds(1))) == .notSent)
        #expect(HTTPPaymentProvider.mishap(of: ChannelError.eof) == .outcomeUnknown)
        #expect(
            HTTPPaymentProvider.mishap(of: IOError(errnoCode: ECONNRESET, reason: "read"))
                == .outcomeUnknown)
    }

    @Test func `needs an address`() async {
        await #expect(throws: PaymentSettingsError.self) {
            try await ModuleHarness(PaymentModule.self, settings: ["payment.provider": "http"])
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
