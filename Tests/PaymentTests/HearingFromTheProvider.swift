import Crypto
import EventBus
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import OrderContract
import PaymentContract
import Storage
import Testing
import Web

@testable import Payment

private let secret = "a secret of the provider's and ours"
private let path = "/api/v1/payments/webhooks"

private func signature(_ body: String, at date: Date, _ secret: String = secret) -> String {
    let seconds = Int64(date.timeIntervalSince1970)
    let code = HMAC<SHA256>.authenticationCode(
        for: Data("\(seconds).\(body)".utf8), using: SymmetricKey(data: Data(secret.utf8)))
    return "t=\(seconds),v1=" + code.map { String(format: "%02x", $0) }.joined()
}

private func notice(
    _ order: OrderPaymentRequested, _ status: String, event: String = UUID().uuidString,
    refund: (RefundID, Int64)? = nil
) -> String {
    let refunds = refund.map {
        #","refunds":[{"id":"\#($0.0)","amount":\#($0.1),"status":"completed"}]"#
    }
    let captured = status == "captured" ? order.amount.amount : 0
    return """
        {"id":"\(event)","type":"payment.updated","payment":{"id":"\(order.paymentID)",\
        "status":"\(status)","amount":\(order.amount.amount),"currency":"EUR",\
        "capturedAmount":\(captured),"reference":"ref_1"\(refunds ?? "")}}
        """
}

@Suite(.serialized) struct `Hearing from the provider` {
    /// A payment whose outcome is not known.
    private func waiting() async throws -> (
        ModuleHarness<FakePaymentModule>, OrderPaymentRequested
    ) {
        let harness = try await ModuleHarness(
            FakePaymentModule.self, settings: ["payment.webhookSecret": secret])
        harness.module.provider.mood = .mute
        let order = OrderPaymentRequested.sample()
        try await harness.publish(order)
        try await harness.settle()
        return (harness, order)
    }

    private func deliver(
        _ body: String, to harness: ModuleHarness<FakePaymentModule>, signed text: String? = nil
    ) async throws -> Int {
        let headers: HTTPFields = [
            .flotillaSignature: text ?? signature(body, at: harness.time.now)
        ]
        return try await harness.send(.post, path, headers: headers, json: body).status.code
    }

    @Test func `settles what was not known`() async throws {
        let (harness, order) = try await waiting()
        #expect(try await deliver(notice(order, "captured"), to: harness) == 200)
        #expect(try await harness.published(PaymentCompleted.self).map(\.status) == [.completed])
        #expect(try await harness.payment(order.paymentID).reference == "ref_1")
        harness.module.provider.mood = .fine
        harness.time.advance(by: .seconds(10))
        try await harness.settle()
        #expect(try await harness.published(PaymentCompleted.self).count == 1)
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test func `turns the forged, the late and the malformed away, and changes nothing`()
        async throws
    {
        let (harness, order) = try await waiting()
        let before = try await harness.payment(order.paymentID)
        let body = notice(order, "captured")
        let now = harness.time.now
        let good = signature(body, at: now)
        let hour = good.split(separator: ",")
        for text in [
            signature(body, at: now, "another secret"), signature(body + " ", at: now),
            signature(body, at: now - 301), signature(body, at: now + 301), "", "t=1", "v1=00",
            "\(hour[0])", "\(hour[1])", "t=x,\(hour[1])", "\(good.dropLast())0g",
            "t=\(Int(now.timeIntervalSince1970) + 1),\(hour[1])",
        ] { #expect(try await deliver(body, to: harness, signed: text) == 401, "\(text)") }
        #expect(try await harness.send(.post, path, json: body).status == .unauthorized)
        for body in [
            "", "{", "[]", "{}", #"{"id":"","type":"x"}"#, #"{"id":1,"type":"x"}"#,
            #"{"id":"evt\u0000","type":"x"}"#,
        ] {
            #expect(try await deliver(body, to: harness) == 400, "\(body)")
        }
        let broken = body.replacing("\"status\":\"captured\"", with: "\"status\":\"won\"")
        #expect(try await deliver(broken, to: harness) == 400)
        let long = body + String(repeating: " ", count: 65_536)
        #expect(try await deliver(long, to: harness) == 413)
        #expect(try await harness.payment(order.paymentID) == before)
        #expect(try await deliver(body, to: harness, signed: signature(body, at: now - 299)) == 200)
    }

    @Test func `takes one of several signatures while a secret is replaced`() async throws {
        let (harness, order) = try await waiting()
        let body = notice(order, "captured")
        let old = signature(body, at: harness.time.now, "the old one")
        let new = signature(body, at: harness.time.now).split(separator: ",")[1]
        #expect(try await deliver(body, to: harness, signed: "\(old),\(new),v2=x") == 200)
    }

    @Test func `takes an event once, also fifty at a time`() async throws {
        let (harness, order) = try await waiting()
        let body = notice(order, "captured", event: "evt_1")
        let codes = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try await deliver(body, to: harness) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes == Array(repeating: 200, count: 50))
        #expect(try await harness.published(PaymentCompleted.self).count == 1)
        #expect(
            try await harness.ledger(order.paymentID).map(\.occurrence.kind) == [
                .started, .unknown, .captured,
            ])
    }

    @Test func `changes nothing when fifty events tell the same`() async throws {
        let (harness, order) = try await waiting()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 {
                group.addTask { try await deliver(notice(order, "captured"), to: harness) }
            }
            for try await code in group { #expect(code == 200) }
        }
        #expect(try await harness.published(PaymentCompleted.self).count == 1)
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test func `bears any order`() async throws {
        let (harness, order) = try await waiting()
        let refund = RefundID()
        // The refund's news comes before the payment's, which come backwards.
        let whole = notice(order, "captured", refund: (refund, 500))
        for body in [
            whole, notice(order, "captured"), notice(order, "authorized"),
            notice(order, "processing"), notice(order, "failed"),
        ] { #expect(try await deliver(body, to: harness) == 200) }
        let payment = try await harness.payment(order.paymentID)
        #expect(payment.state == .partiallyRefunded)
        #expect(payment.refundedAmount == 500)
        #expect(try await harness.refund(refund).reason == "provider")
        #expect(try await harness.published(PaymentCompleted.self).map(\.status) == [.completed])
        #expect(try await harness.published(PaymentRefunded.self).map(\.refundID) == [refund])
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test func `has a refund without a payment come again`() async throws {
        let (harness, order) = try await waiting()
        let body = notice(order, "processing", event: "evt_1", refund: (RefundID(), 500))
        #expect(try await deliver(body, to: harness) == 409)
        #expect(try await deliver(notice(order, "captured"), to: harness) == 200)
        #expect(try await deliver(body, to: harness) == 200)
        #expect(try await harness.payment(order.paymentID).refundedAmount == 500)
    }

    @Test func `succeeds before the call's own answer`() async throws {
        let (harness, order) = try await waiting()
        let next = OrderPaymentRequested.sample()
        harness.module.provider.mood = .deadly
        try await harness.publish(next)
        try await harness.settle()
        #expect(try await harness.payment(next.paymentID).state == .processing)
        #expect(try await deliver(notice(next, "captured"), to: harness) == 200)
        harness.module.provider.mood = .fine
        harness.time.advance(by: .seconds(60))
        try await harness.settle()
        let completed = try await harness.published(PaymentCompleted.self)
        #expect(completed.count { $0.paymentID == next.paymentID } == 1)
        #expect(order.paymentID != next.paymentID)
    }

    @Test func `takes note of what concerns others, and no more`() async throws {
        let (harness, order) = try await waiting()
        let before = try await harness.payment(order.paymentID)
        let stranger = OrderPaymentRequested.sample()
        #expect(try await deliver(notice(stranger, "captured"), to: harness) == 202)
        #expect(try await deliver(#"{"id":"e","type":"customer.born"}"#, to: harness) == 202)
        #expect(try await harness.payment(order.paymentID) == before)
    }

    @Test func `takes none without a secret`() async throws {
        let harness = try await ModuleHarness(FakePaymentModule.self)
        let body = notice(.sample(), "captured")
        #expect(
            try await deliver(body, to: harness, signed: signature(body, at: harness.time.now, ""))
                == 401)
    }

    @Test func `keeps card numbers out`() async throws {
        let (harness, order) = try await waiting()
        let card = "4242424242424242"
        for part in [
            #""reference":"\#(card)""#, #""reference":"4242 4242 4242 4242""#,
            #""card":{"number":\#(card)}"#, #""\#(card)":1"#,
        ] {
            let body = notice(order, "captured").replacing(#""reference":"ref_1""#, with: part)
            #expect(try await deliver(body, to: harness) == 422, "\(part)")
        }
        let writer = TestCaller(permissions: ["payments:write"])
        let capture = try await harness.send(
            .post, "/api/v1/payments/\(order.paymentID)/capture", as: writer,
            headers: [.ifMatch: "*"], json: #"{"card":"4242-4242-4242-4242"}"#)
        #expect(capture.status == .unprocessableContent)
        #expect(!String(decoding: capture.body, as: UTF8.self).contains("4242"))
        let rows: Int? = try await harness.database.read {
            try $0.first("SELECT COUNT(*) AS n FROM webhooks")?.get("n")
        }
        #expect(rows == 0)
    }
}
