import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import OrderContract
import ProductContract
import Testing
import UserContract
import Web

@testable import Order

@Suite(.serialized) struct `Placing by quote` {
    private let caller = TestCaller()
    private let quote = QuoteID(UUID())

    private func given(
        _ id: QuoteID, to user: UserID?, at now: Date, for duration: Double = 600
    ) -> QuoteGiven {
        QuoteGiven(
            quoteID: id, userID: user,
            items: [.init(productID: .room, quantity: 2, unitPrice: .euro(7_777))],
            total: .euro(15_554), expiresAt: now + duration, givenAt: now)
    }

    @Test func `takes the prices that were told, once`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        try await harness.hear(given(quote, to: caller.userID, at: harness.time.now))
        let answer = try await harness.order(#"{"quoteId":"\#(quote)"}"#, as: caller)
        #expect(answer.status == .created)
        let order = try answer.read(OrderSeen.self)
        #expect(order.total == .euro(15_554))
        #expect(
            order.items == [.init(productID: .room, quantity: 2, unitPrice: .euro(7_777))])
        let again = try await harness.order(#"{"quoteId":"\#(quote)"}"#, as: caller)
        #expect(again.status == .conflict)
        #expect(try again.read(ProblemSeen.self).code == "order.quote_used")
        #expect(try await harness.published(OrderCreated.self).count == 1)
    }

    @Test func `is refused when it is over, another's or unknown`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let theirs = QuoteID(UUID())
        try await harness.publish(given(quote, to: caller.userID, at: harness.time.now))
        try await harness.hear(given(theirs, to: UserID(), at: harness.time.now))
        harness.time.advance(by: .seconds(600))
        for (id, code, status) in [
            (quote, "order.quote_expired", 409), (theirs, "order.quote_not_found", 404),
            (QuoteID(UUID()), "order.quote_unknown", 409),
        ] {
            let answer = try await harness.order(#"{"quoteId":"\#(id)"}"#, as: caller)
            #expect(answer.status.code == status)
            #expect(try answer.read(ProblemSeen.self).code == code)
        }
        #expect(try await harness.published(OrderCreated.self).isEmpty)
    }

    @Test func `is the only way to what rules price`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let answer = try await harness.order(
            #"{"items":[{"productId":"\#(VariantID.room)","quantity":1}]}"#, as: caller)
        #expect(answer.status == .unprocessableContent)
        #expect(try answer.read(ProblemSeen.self).code == "order.quote_required")
    }

    @Test func `makes one order, however many ask at once`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        try await harness.hear(given(quote, to: nil, at: harness.time.now))
        let codes = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    try await harness.order(#"{"quoteId":"\#(quote)"}"#, as: caller).status.code
                }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(codes.filter { $0 == 201 }.count == 1)
        #expect(codes.filter { $0 == 409 }.count == 9)
    }
}

@Suite(.serialized) struct `Ordering what was shown` {
    private let caller = TestCaller()

    private func body(_ total: Int, _ currency: String = "EUR", more: String = "") -> String {
        #"""
        {"items":[{"productId":"\#(VariantID.second)","quantity":1}],
         "expectedTotal":{"amount":\#(total),"currency":"\#(currency)"}\#(more)}
        """#
    }

    @Test func `is refused at another price, which is told`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let answer = try await harness.order(body(4_949), as: caller)
        #expect(answer.status == .conflict)
        #expect(try answer.read(ProblemSeen.self).code == "order.price_changed")
        #expect(String(decoding: answer.body, as: UTF8.self).contains(#""amount":"4950""#))
        #expect(try await harness.list(as: caller).items.isEmpty)
        #expect(try await harness.order(body(4_950), as: caller).status == .created)
    }

    @Test func `is paid in the currency that was chosen`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let answer = try await harness.order(
            body(5_500, "USD", more: #","currency":"USD""#), as: caller)
        #expect(try answer.read(OrderSeen.self).total == Money(amount: 5_500, currency: .dollar))
    }

    @Test func `keeps its price when the catalogue changes`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(as: caller)
        try await harness.hear(
            ProductDeleted(
                productID: .trip, variantIDs: [.first], version: 2, deletedAt: harness.time.now))
        #expect(try await harness.show(order.id, as: caller) == order)
        let answer = try await harness.order(
            #"{"items":[{"productId":"\#(VariantID.first)","quantity":1}]}"#, as: caller)
        #expect(answer.status == .unprocessableContent)
    }

    @Test func `makes one order of fifty requests with one key`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let answers = try await withThrowingTaskGroup(of: TestAnswer.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await harness.order(
                        body(4_950), as: caller, headers: [.idempotencyKey: "once"])
                }
            }
            return try await group.reduce(into: [TestAnswer]()) { $0.append($1) }
        }
        #expect(Set(answers.map(\.body)).count == 1)
        #expect(answers.allSatisfy { $0.status == .created })
        #expect(try await harness.published(OrderCreated.self).count == 1)
    }
}

@Suite(.serialized) struct `Hearing of the catalogue` {
    private let caller = TestCaller()
    private let line = #"{"items":[{"productId":"\#(VariantID.first)","quantity":1}]}"#

    @Test func `lets the newer description hold, whichever comes first`() async throws {
        let harness = try await ModuleHarness<OrderModule>(OrderModule.self)
        let now = harness.time.now
        try await harness.publish(
            ProductUpdated(
                product: .sample(version: 3, status: "archived"), changedFields: ["status"],
                updatedAt: now))
        try await harness.hear(ProductCreated(product: .sample(version: 1), createdAt: now))
        #expect(try await harness.order(line, as: caller).status == .unprocessableContent)
        try await harness.hear(
            ProductUpdated(
                product: .sample(version: 4), changedFields: ["status"], updatedAt: now))
        #expect(try await harness.order(line, as: caller).status == .created)
    }

    @Test func `brings nothing back that was deleted`() async throws {
        let harness = try await ModuleHarness<OrderModule>(OrderModule.self)
        let now = harness.time.now
        try await harness.publish(
            ProductDeleted(productID: .trip, variantIDs: [], version: 2, deletedAt: now))
        try await harness.hear(ProductCreated(product: .sample(version: 1), createdAt: now))
        try await harness.hear(ProductCreated(product: .sample(version: 9), createdAt: now))
        #expect(try await harness.order(line, as: caller).status == .unprocessableContent)
    }

    @Test func `makes orders wait for it at first`() async throws {
        let harness = try await ModuleHarness<OrderModule>(OrderModule.self)
        async let answer = harness.order(line, as: caller)
        try await harness.hear(
            ProductCreated(product: .sample(), createdAt: harness.time.now))
        #expect(try await answer.status == .created)
    }

    @Test func `makes nobody wait for ever`() async throws {
        let harness = try await ModuleHarness<OrderModule>(OrderModule.self)
        var hasty = harness.module.orders
        hasty.patience = Patience(
            catalogue: .milliseconds(1), young: .milliseconds(1), interval: .milliseconds(1))
        let known = NewOrder(content: .items([.init(productID: .first, quantity: 1)]))
        let orders = hasty
        let user = caller.userID
        await #expect(throws: Problem.self) {
            try await orders.awaitNews(of: known, for: user)
        }
        try await harness.hear(
            ProductCreated(product: .sample(), createdAt: harness.time.now))
        try await orders.awaitNews(of: known, for: caller.userID)
        let young = VariantID(UUID.v7(now: harness.time.now))
        try await orders.awaitNews(
            of: NewOrder(content: .items([.init(productID: young, quantity: 1)])),
            for: caller.userID)
    }

    @Test func `gives the welcome orders that were due, once`() async throws {
        let harness = try await ModuleHarness<OrderModule>(OrderModule.self)
        let users = [UserID(), UserID()]
        for user in users { try await harness.publish(UserRegistered.sample(user)) }
        try await harness.settle()
        #expect(try await harness.published(OrderCreated.self).isEmpty)
        try await harness.hear(
            ProductCreated(product: .sample(), createdAt: harness.time.now))
        let placed = try await harness.published(OrderCreated.self)
        #expect(Set(placed.map(\.userID)) == Set(users))
        #expect(placed.map(\.kind) == ["welcome", "welcome"])
        try await harness.forgetHandled()
        try await harness.redeliverEverything()
        #expect(try await harness.published(OrderCreated.self).count == 2)
    }
}
