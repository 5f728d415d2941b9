import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Order
import OrderContract
import PaymentContract
import Testing
import Web

@Suite(.serialized) struct `Administering orders` {
    private let caller = TestCaller()

    private func amount(_ amount: Int, _ currency: String = "EUR") -> String {
        #"{"amount":{"amount":\#(amount),"currency":"\#(currency)"},"reason":"a long wait"}"#
    }

    @Test func `needs the permission for it`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(as: caller)
        let reader = TestCaller(permissions: ["orders:read"])
        for (method, path, body) in [
            (HTTPRequest.Method.post, "cancellation", "{}"), (.post, "refunds", amount(1)),
            (.put, "fulfilment", #"{"status":"used"}"#),
        ] {
            let answer = try await harness.send(
                method, "/api/v1/admin/orders/\(order.id)/\(path)", as: reader,
                headers: [.ifMatch: "*"], json: body)
            #expect(answer.status == .forbidden)
        }
        for path in ["", "/\(order.id)", "/\(order.id)/timeline"] {
            let list = "/api/v1/admin/orders\(path)"
            #expect(try await harness.send(.get, list, as: caller).status == .forbidden)
            #expect(try await harness.send(.get, list, as: reader).status == .ok)
        }
    }

    @Test func `finds them by state, user and number`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let reader = TestCaller(permissions: ["orders:read"])
        let first = try await harness.place(until: "rejected", as: caller)
        let other = TestCaller()
        let second = try await harness.place(as: other)
        for (query, ids) in [
            ("", [second.id, first.id]), ("?state=rejected", [first.id]),
            ("?userId=\(other.userID)", [second.id]), ("?number=\(first.number)", [first.id]),
            ("?state=completed", []),
        ] {
            let page = try await harness.send(
                .get, "/api/v1/admin/orders\(query)", as: reader
            ).read(OrderPageSeen.self)
            #expect(Set(page.items.map(\.id)) == Set(ids))
        }
        for query in ["?state=lost", "?userId=x", "?number=FL%00", "?number=", "?number=FL%20"] {
            let answer = try await harness.send(
                .get, "/api/v1/admin/orders\(query)", as: reader)
            #expect(answer.status == .badRequest)
        }
    }

    @Test func `gives part of the money back, and then the rest`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "confirmed", as: caller)
        #expect(try await harness.administer(order.id, "/refunds", amount(999)).status == .ok)
        #expect(
            try await harness.show(order.id, as: caller).paymentStatus == "refund_pending")
        let too = try await harness.administer(order.id, "/refunds", amount(1_001))
        #expect(try too.read(ProblemSeen.self).code == "order.refund_too_large")
        let wrong = try await harness.administer(order.id, "/refunds", amount(1, "USD"))
        #expect(try wrong.read(ProblemSeen.self).code == "order.refund_too_large")
        let first = try #require(try await harness.published(OrderRefundRequested.self).first)
        #expect(first.reason == "goodwill")
        try await harness.hear(PaymentRefunded.sample(first))
        let partly = try await harness.show(order.id, as: caller)
        #expect(partly.status == "partially_refunded")
        #expect(partly.refunded == .euro(999))
        #expect(try await harness.published(OrderCancelled.self).isEmpty)
        _ = try await harness.administer(order.id, "/refunds", amount(1_000))
        let second = try #require(try await harness.published(OrderRefundRequested.self).last)
        try await harness.hear(PaymentRefunded.sample(second))
        let wholly = try await harness.show(order.id, as: caller)
        #expect(wholly.status == "refunded")
        #expect(wholly.paymentStatus == "refunded")
        #expect(wholly.fulfilmentStatus == "cancelled")
        let cancelled = try await harness.published(OrderCancelled.self)
        #expect(cancelled.map(\.reason) == ["refunded"], "others may have the pieces")
        let more = try await harness.administer(order.id, "/refunds", amount(1))
        #expect(try more.read(ProblemSeen.self).code == "order.nothing_to_refund")
    }

    @Test func `may ask again for a refund that failed`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "confirmed", as: caller)
        _ = try await harness.administer(order.id, "/refunds", amount(1_999))
        let refund = try #require(try await harness.published(OrderRefundRequested.self).first)
        try await harness.hear(PaymentRefunded.sample(refund, .failed))
        let seen = try await harness.show(order.id, as: caller)
        #expect(seen.paymentStatus == "paid")
        #expect(seen.state == "confirmed")
        let again = try await harness.administer(order.id, "/refunds", amount(1_999))
        #expect(again.status == .ok)
    }

    @Test func `gives back no more than there is, whoever asks at once`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "confirmed", as: caller)
        let codes = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await harness.administer(order.id, "/refunds", amount(500)).status.code
                }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(codes.filter { $0 == 200 }.count == 3)
        #expect(codes.filter { $0 == 409 }.count == 5)
        let refunds = try await harness.published(OrderRefundRequested.self)
        #expect(refunds.count == 3)
    }

    @Test func `cancels for a customer, with the fee or without`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        for (body, fee) in [(#"{"waiveFee":true,"reason":"storm"}"#, 0), (nil, 5_000)] {
            let order = try await harness.place([(.tour, 1)], until: "confirmed", as: caller)
            let answer = try await harness.administer(order.id, "/cancellation", body)
            #expect(try answer.read(OrderSeen.self).fee == .euro(Int64(fee)))
            #expect(try answer.read(OrderSeen.self).endReason == "administrator")
        }
    }

    @Test(arguments: ["used", "no_show"])
    func `follows the booking to its end`(end: String) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "confirmed", as: caller)
        let early = try await harness.administer(
            order.id, "/fulfilment", #"{"status":"\#(end)"}"#, method: .put)
        #expect(try early.read(ProblemSeen.self).code == "order.not_fulfillable")
        for (status, state) in [("voucher_issued", "in_fulfilment"), (end, "completed")] {
            let answer = try await harness.administer(
                order.id, "/fulfilment", #"{"status":"\#(status)"}"#, method: .put)
            #expect(answer.status == .ok)
            #expect(try answer.read(OrderSeen.self).state == state)
            #expect(try answer.read(OrderSeen.self).fulfilmentStatus == status)
        }
        let changes = try await harness.published(OrderFulfilmentChanged.self)
        #expect(changes.map(\.newStatus) == ["voucher_issued", end])
        let late = try await harness.administer(order.id, "/cancellation", nil)
        #expect(try late.read(ProblemSeen.self).code == "order.not_cancellable")
    }

    @Test func `needs the version that was seen`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "confirmed", as: caller)
        for (method, path, body) in [
            (HTTPRequest.Method.post, "/cancellation", nil), (.post, "/refunds", amount(1)),
            (.put, "/fulfilment", #"{"status":"voucher_issued"}"#),
        ] {
            let without = try await harness.administer(
                order.id, path, body, method: method, ifMatch: nil)
            #expect(without.status == .preconditionRequired)
            let stale = try await harness.administer(
                order.id, path, body, method: method, ifMatch: "\"v1\"")
            #expect(stale.status == .preconditionFailed)
        }
        #expect(try await harness.show(order.id, as: caller) == order)
    }
}
