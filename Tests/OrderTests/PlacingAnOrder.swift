import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Order
import OrderContract
import Testing
import UserContract
import Web

@Suite(.serialized) struct `Placing an order` {
    private let caller = TestCaller()

    @Test func `prices it, stores it and tells once`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place([(.first, 2), (.second, 1)], as: caller)
        #expect(order.kind == "standard")
        #expect(order.status == "pending")
        #expect(order.total == Money(amount: 8_948, currency: .euro))
        #expect(order.items.map(\.unitPrice.amount) == [1_999, 4_950])
        #expect(order.createdAt == harness.time.now)
        #expect(try await harness.show(order.id, as: caller) == order)
        let events = try await harness.published(OrderCreated.self)
        #expect(events.map(\.orderID) == [order.id])
        #expect(events.first?.userID == caller.userID)
        #expect(events.first?.items == order.items)
        #expect(events.first?.total == order.total)
        #expect(events.first?.kind == "standard")
    }

    @Test func `says where the new order is`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let answer = try await harness.send(
            .post, "/api/v1/orders", as: caller,
            json: #"{"items":[{"productId":"\#(VariantID.first)","quantity":1}]}"#)
        #expect(answer.status == .created)
        let order = try answer.read(OrderSeen.self)
        #expect(answer.headers[.location] == "/api/v1/orders/\(order.id)")
    }

    @Test(arguments: [
        (#"{}"#, "/items"), (#"{"items":[]}"#, "/items"),
        (#"{"items":[{}]}"#, "/items/0/productId"),
        (#"{"items":[{"productId":"\#(VariantID.first)","quantity":0}]}"#, "/items/0/quantity"),
        (#"{"items":[{"productId":"\#(VariantID.first)","quantity":1000}]}"#, "/items/0/quantity"),
        (#"{"items":[{"productId":"\#(VariantID.first)","quantity":1.5}]}"#, "/items/0/quantity"),
        (#"{"items":[{"productId":"\#(VariantID())","quantity":1}]}"#, "/items/0/productId"),
        (#"{"items":[{"productId":"\#(VariantID.closed)","quantity":1}]}"#, "/items/0/productId"),
        (#"{"items":[{"productId":"\#(VariantID.boat)","quantity":1}]}"#, "/items/0/quantity"),
        (#"{"items":[{"productId":"\#(VariantID.boat)","quantity":5}]}"#, "/items/0/quantity"),
        (
            #"""
            {"items":[{"productId":"\#(VariantID.first)","quantity":999},
                      {"productId":"\#(VariantID.first)","quantity":1}]}
            """#, "/items/1/quantity"
        ),
        (
            #"{"items":[{"productId":"\#(VariantID.first)","quantity":1}],"currency":"USD"}"#,
            "/currency"
        ),
        (
            #"{"items":[{"productId":"\#(VariantID.first)","quantity":1}],"currency":"ZZZ"}"#,
            "/currency"
        ),
        (
            #"""
            {"items":[{"productId":"\#(VariantID.first)","quantity":1}],
             "addressId":"\#(VariantID.first)"}
            """#, "/addressId"
        ),
        (
            #"""
            {"items":[{"productId":"\#(VariantID.first)","quantity":1}],
             "quoteId":"\#(VariantID.first)"}
            """#, "/items"
        ),
        (
            #"{"items":[{"productId":"\#(VariantID.first)","quantity":1,"unitPrice":1}]}"#,
            "/items/0/unitPrice"
        ),
        (
            #"{"userId":"x","items":[{"productId":"\#(VariantID.first)","quantity":1}]}"#,
            "/userId"
        ),
    ])
    func `refuses what can't be ordered, and then nothing happened`(
        body: String, pointer: String
    ) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let answer = try await harness.send(.post, "/api/v1/orders", as: caller, json: body)
        #expect(answer.status == .unprocessableContent)
        let problem = try answer.read(ProblemSeen.self)
        #expect(problem.errors?.map(\.pointer).contains(pointer) == true)
        #expect(try await harness.list(as: caller).items.isEmpty)
        #expect(try await harness.published(OrderCreated.self).isEmpty)
    }

    @Test(arguments: [(100, 201), (101, 422)])
    func `takes up to a hundred lines, and makes one of those of one product`(
        lineCount: Int, status: Int
    ) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let line = #"{"productId":"\#(VariantID.first)","quantity":9}"#
        let lines = Array(repeating: line, count: lineCount).joined(separator: ",")
        let answer = try await harness.order(#"{"items":[\#(lines)]}"#, as: caller)
        #expect(answer.status.code == status)
        guard answer.status == .created else { return }
        #expect(try answer.read(OrderSeen.self).items.map(\.quantity) == [900])
    }

    @Test func `happens once for a key`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        var answers: [TestAnswer] = []
        for quantity in [1, 1, 2] {
            answers.append(
                try await harness.send(
                    .post, "/api/v1/orders", as: caller, headers: [.idempotencyKey: "k-1"],
                    json:
                        #"{"items":[{"productId":"\#(VariantID.first)","quantity":\#(quantity)}]}"#
                ))
        }
        #expect(answers.map(\.status.code) == [201, 201, 422])
        #expect(answers[0].body == answers[1].body)
        #expect(answers[1].headers[.idempotentReplayed] == "true")
        #expect(try await harness.published(OrderCreated.self).count == 1)
        #expect(try await harness.list(as: caller).items.count == 1)
    }

    @Test func `needs an account that was not deleted`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        try await harness.publish(
            UserDeleted(userID: caller.userID, deletedAt: harness.time.now))
        try await harness.settle()
        let answer = try await harness.send(
            .post, "/api/v1/orders", as: caller,
            json: #"{"items":[{"productId":"\#(VariantID.first)","quantity":1}]}"#)
        #expect(answer.status == .forbidden)
        #expect(try answer.read(ProblemSeen.self).code == "order.customer_deleted")
        #expect(try await harness.published(OrderCreated.self).isEmpty)
    }

    @Test(arguments: [
        (HTTPRequest.Method.get, "/api/v1/orders"), (.post, "/api/v1/orders"),
        (.get, "/api/v1/orders/01970000-0000-7000-8000-000000000001"),
    ])
    func `needs a caller`(method: HTTPRequest.Method, path: String) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        #expect(try await harness.send(method, path).status == .unauthorized)
    }
}

@Suite(.serialized) struct `Looking at orders` {
    private let caller = TestCaller()

    @Test func `shows one's own only`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let mine = try await harness.place(as: caller)
        let stranger = TestCaller(roles: ["admin"])
        let theirs = try await harness.place(as: stranger)
        #expect(try await harness.list(as: caller).items == [mine])
        for id in [theirs.id, OrderID()] {
            let answer = try await harness.send(.get, "/api/v1/orders/\(id)", as: caller)
            #expect(answer.status == .notFound)
            #expect(try answer.read(ProblemSeen.self).code == "order.not_found")
        }
    }

    @Test(arguments: [1, 2, 3, 7, 100])
    func `turns pages without gap or repetition, newest first`(limit: Int) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        var placed: [OrderID] = []
        for number in 0..<7 {
            placed.append(try await harness.place(as: caller).id)
            // Some share an instant: the id then tells them apart.
            if number.isMultiple(of: 3) { harness.time.advance(by: .milliseconds(1)) }
        }
        var seen: [OrderID] = []
        var query = "?limit=\(limit)"
        while true {
            let page = try await harness.list(query, as: caller)
            #expect(page.items.count <= limit)
            seen += page.items.map(\.id)
            guard let cursor = page.nextCursor else { break }
            query = "?limit=\(limit)&cursor=\(cursor)"
        }
        #expect(seen == placed.reversed())
    }

    @Test func `keeps its place while orders come in`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let old = try await harness.place(as: caller)
        harness.time.advance(by: .seconds(1))
        let new = try await harness.place(as: caller)
        let first = try await harness.list("?limit=1", as: caller)
        harness.time.advance(by: .seconds(1))
        _ = try await harness.place(as: caller)
        let cursor = try #require(first.nextCursor)
        let second = try await harness.list("?limit=1&cursor=\(cursor)", as: caller)
        #expect(first.items == [new])
        #expect(second.items == [old])
        #expect(second.nextCursor == nil)
    }

    @Test(arguments: [Int64.max, .min, 0])
    func `survives a cursor from the ends of time`(microseconds: Int64) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(as: caller)
        let cursor = Data("\(microseconds).\(order.id)".utf8).base64EncodedString()
            .replacing("=", with: "")
        let page = try await harness.list("?cursor=\(cursor)", as: caller)
        #expect(page.items.map(\.id) == (microseconds == .max ? [order.id] : []))
    }
}
