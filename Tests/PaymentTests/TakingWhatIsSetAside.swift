import EventBus
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import OrderContract
import PaymentContract
import Testing
import Web

@testable import Payment

private let writer = TestCaller(permissions: ["payments:read", "payments:write"])

@Suite(.serialized) struct `Taking what is set aside` {
    private func authorized(
        _ settings: [String: String] = [:]
    ) async throws -> (ModuleHarness<FakePaymentModule>, OrderPaymentRequested, String) {
        let harness = try await ModuleHarness(
            FakePaymentModule.self,
            settings: ["payment.capture": "manual"].merging(settings) { $1 })
        let order = OrderPaymentRequested.sample(amount: 1_000)
        try await harness.publish(order)
        try await harness.settle()
        #expect(try await harness.published(PaymentAuthorized.self).map(\.amount) == [order.amount])
        #expect(try await harness.published(PaymentCompleted.self).isEmpty)
        return (harness, order, "/api/v1/payments/\(order.paymentID)")
    }

    private func version(_ harness: ModuleHarness<FakePaymentModule>, _ path: String) async throws
        -> String
    {
        try #require(await harness.send(.get, path, as: writer).headers[.eTag])
    }

    @Test(arguments: [nil, 400 as Int64]) func `takes all of it, or a part`(
        amount: Int64?
    ) async throws {
        let (harness, order, path) = try await authorized()
        let headers: HTTPFields = [.ifMatch: try await version(harness, path)]
        let answer = try await harness.send(
            .post, "\(path)/capture", as: writer, headers: headers,
            json: amount.map { "{\"amount\":\($0)}" } ?? "{}")
        #expect(answer.status == .ok)
        let completed = try await harness.published(PaymentCompleted.self)
        #expect(completed.map(\.amount.amount) == [amount ?? 1_000])
        #expect(try await harness.payment(order.paymentID).state == .completed)
        // The version is an old one now, and nothing is set aside any more.
        let again = try await harness.send(
            .post, "\(path)/capture", as: writer, headers: headers, json: "{}")
        #expect(again.status == .preconditionFailed)
        let void = try await harness.send(
            .post, "\(path)/void", as: writer, headers: [.ifMatch: "*"])
        #expect(void.status == .conflict)
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test func `takes no more than that, and not without a version`() async throws {
        let (harness, order, path) = try await authorized()
        let before = try await harness.payment(order.paymentID)
        let tooMuch = try await harness.send(
            .post, "\(path)/capture", as: writer, headers: [.ifMatch: "*"],
            json: #"{"amount":1001}"#)
        #expect(tooMuch.status == .unprocessableContent)
        let blind = try await harness.send(.post, "\(path)/capture", as: writer, json: "{}")
        #expect(blind.status.code == 428)
        #expect(try await harness.payment(order.paymentID) == before)
    }

    @Test func `or letting it go: of both at once one happens, and nobody is told the other`()
        async throws
    {
        let (harness, order, path) = try await authorized()
        let answers = try await withThrowingTaskGroup(of: (String, Int).self) { group in
            for number in 0..<16 {
                let command = number % 2 == 0 ? "capture" : "void"
                group.addTask(name: command) {
                    let answer = try await harness.send(
                        .post, "\(path)/\(command)", as: writer, headers: [.ifMatch: "*"])
                    return (command, answer.status.code)
                }
            }
            return try await group.reduce(into: [(String, Int)]()) { $0.append($1) }
        }
        let isTaken = try await harness.payment(order.paymentID).state == .completed
        let done = Set(answers.filter { $0.1 == 200 }.map(\.0))
        #expect(done == [isTaken ? "capture" : "void"])
        #expect(answers.allSatisfy { [200, 409].contains($0.1) }, "\(answers)")
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test func `answers a repeated key with the first answer`() async throws {
        let (harness, _, path) = try await authorized()
        let headers: HTTPFields = [
            .ifMatch: try await version(harness, path), .idempotencyKey: "once",
        ]
        let first = try await harness.send(
            .post, "\(path)/capture", as: writer, headers: headers, json: "{}")
        let second = try await harness.send(
            .post, "\(path)/capture", as: writer, headers: headers, json: "{}")
        #expect(first.status == .ok)
        #expect(second.body == first.body)
        #expect(second.headers[.idempotentReplayed] == "true")
    }

    @Test func `is asked about when the answer is lost`() async throws {
        let (harness, order, path) = try await authorized()
        harness.module.provider.mood = .mute
        let answer = try await harness.send(
            .post, "\(path)/capture", as: writer, headers: [.ifMatch: "*"], json: "{}")
        #expect(answer.status == .accepted)
        harness.module.provider.mood = .fine
        harness.time.advance(by: .seconds(10))
        try await harness.settle()
        #expect(try await harness.payment(order.paymentID).state == .completed)
        #expect(try await harness.published(PaymentCompleted.self).count == 1)
    }

    @Test func `does nothing when the provider is away`() async throws {
        let (harness, order, path) = try await authorized()
        harness.module.provider.mood = .away
        let answer = try await harness.send(
            .post, "\(path)/void", as: writer, headers: [.ifMatch: "*"])
        #expect(answer.status == .serviceUnavailable)
        #expect(try await harness.payment(order.paymentID).state == .authorized)
    }

    @Test func `lets go of it`() async throws {
        let (harness, order, path) = try await authorized()
        let answer = try await harness.send(
            .post, "\(path)/void", as: writer, headers: [.ifMatch: "*"])
        #expect(answer.status == .ok)
        let voided = try await harness.published(PaymentVoided.self)
        #expect(voided.map(\.reason) == ["administrator"])
        #expect(voided.map(\.amount) == [order.amount])
        #expect(try await harness.payment(order.paymentID).state == .voided)
    }

    @Test func `lets go of it when the order ends, before or after`() async throws {
        let (harness, order, _) = try await authorized()
        try await harness.publish(order.cancelled)
        try await harness.settle()
        #expect(
            try await harness.published(PaymentVoided.self).map(\.reason) == ["order_cancelled"])
        // An answer that was lost comes after the end.
        let late = OrderPaymentRequested.sample()
        harness.module.provider.mood = .mute
        try await harness.publish(late)
        try await harness.settle()
        harness.module.provider.mood = .fine
        try await harness.publish(
            OrderExpired(orderID: late.orderID, userID: late.userID, expiredAt: harness.time.now))
        try await harness.settle()
        harness.time.advance(by: .seconds(10))
        try await harness.settle()
        #expect(try await harness.payment(late.paymentID).state == .voided)
        #expect(
            try await harness.published(PaymentVoided.self).map(\.reason)
                == ["order_cancelled", "order_expired"])
    }

    @Test func `lets go of it when nobody takes it in time`() async throws {
        let (harness, order, _) = try await authorized(["payment.authorizationLifetime": "1h"])
        harness.time.advance(by: .seconds(3_599))
        try await harness.settle()
        #expect(try await harness.payment(order.paymentID).state == .authorized)
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        #expect(try await harness.payment(order.paymentID).state == .expired)
        #expect(
            try await harness.published(PaymentVoided.self).map(\.reason)
                == ["authorization_expired"])
        try await harness.checkLedger(of: order.paymentID)
    }
}

@Suite(.serialized) struct `Looking at payments` {
    @Test func `shows pages, newest first, of one order or state`() async throws {
        let harness = try await ModuleHarness(FakePaymentModule.self)
        var orders: [OrderPaymentRequested] = []
        for _ in 0..<5 {
            orders.append(.sample())
            try await harness.publish(orders[orders.count - 1])
            try await harness.settle()
            harness.time.advance(by: .seconds(1))
        }
        var seen: [String] = []
        var cursor = ""
        repeat {
            let page = try await harness.send(
                .get, "/api/v1/payments?limit=2\(cursor)", as: writer)
            let body = try JSONDecoder().decode(List.self, from: page.body)
            seen += body.items.map(\.orderId)
            cursor = body.nextCursor.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        #expect(seen == orders.reversed().map(\.orderID.description))
        let one = try await harness.send(
            .get, "/api/v1/payments?orderId=\(orders[2].orderID)&state=completed", as: writer)
        #expect(
            try JSONDecoder().decode(List.self, from: one.body).items.map(\.orderId)
                == [orders[2].orderID.description])
        for query in ["orderId=x", "state=lost", "limit=0", "cursor=x"] {
            let answer = try await harness.send(.get, "/api/v1/payments?\(query)", as: writer)
            #expect(answer.status == .badRequest)
        }
    }

    private struct List: Decodable {
        struct Item: Decodable { let orderId: String }
        let items: [Item]
        let nextCursor: String?
    }

    @Test func `shows one with its ledger and refunds`() async throws {
        let harness = try await ModuleHarness(FakePaymentModule.self)
        let order = OrderPaymentRequested.sample()
        try await harness.publish(order)
        try await harness.settle()
        try await harness.publish(order.refund(99))
        try await harness.settle()
        let path = "/api/v1/payments/\(order.paymentID)"
        let answer = try await harness.send(.get, path, as: writer)
        #expect(answer.headers[.eTag] == "\"v5\"")
        let text = String(decoding: answer.body, as: UTF8.self)
        for part in [
            #""kind":"captured""#, #""kind":"refund_started""#, #""kind":"refunded""#,
            #""state":"partially_refunded""#, #""reason":"cancelled""#,
        ] { #expect(text.contains(part), "\(part)") }
        let missing = try await harness.send(.get, "/api/v1/payments/\(PaymentID())", as: writer)
        #expect(missing.status == .notFound)
    }

    @Test func `is for those who may`() async throws {
        let harness = try await ModuleHarness(FakePaymentModule.self)
        let path = "/api/v1/payments/\(PaymentID())"
        let reader = TestCaller(permissions: ["payments:read"])
        for (method, path, permission) in [
            (HTTPRequest.Method.get, "/api/v1/payments", "payments:read"),
            (.get, path, "payments:read"),
            (.post, "\(path)/capture", "payments:write"), (.post, "\(path)/void", "payments:write"),
            (.post, "\(path)/checks", "payments:write"),
        ] {
            #expect(try await harness.send(method, path).status == .unauthorized)
            #expect(try await harness.send(method, path, as: TestCaller()).status == .forbidden)
            let answer = try await harness.send(method, path, as: reader)
            #expect((answer.status == .forbidden) == (permission == "payments:write"))
        }
    }
}
