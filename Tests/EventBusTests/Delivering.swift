import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Testing

@Suite struct `Delivering an event` {
    @Test func `handles it once, with its effect and the events it causes`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        try await harness.publish(Deposited(account: "a", amount: 5))
        try await harness.settle()
        #expect(try await harness.bookings(of: "a") == [5])
        #expect(try await harness.published(Booked.self).map(\.sum) == [5])
        #expect(harness.module.world.reports.map(\.amount) == [5])
    }

    @Test func `G2: has no second effect when it is delivered again`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        for amount in 1...20 {
            try await harness.publish(Deposited(account: "a\(amount % 3)", amount: amount))
        }
        try await harness.settle()
        try await harness.redeliverEverything()
        try await harness.redeliverEverything()
        let booked = try await harness.published(Booked.self)
        #expect(booked.count == 20)
        #expect(harness.module.world.reports.count == 20)
        #expect(try await harness.reportCount() == 20)
    }

    @Test func `G2: has no second effect under any key`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        let keys = [
            "plain", "\"", "\\", "\\u0041", "'", "a\"],[\"b", "\n", "\u{1}", "\u{7F}", "é",
            "e\u{301}",
            "🐙", "\u{2028}", " ", "[]", "null", "1", String(repeating: "x", count: 2_000),
        ]
        for round in 1...2 {
            for key in keys { try await harness.publish(Deposited(account: key, amount: round)) }
        }
        try await harness.settle()
        try await harness.redeliverEverything()
        for key in keys { #expect(try await harness.bookings(of: key) == [1, 2], "\(key)") }
        #expect(try await harness.published(Booked.self).count == 2 * keys.count)
    }

    @Test func `G3: keeps the order of each key over many batches`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        for amount in 0..<500 {
            try await harness.publish(Deposited(account: "a\(amount % 7)", amount: amount))
        }
        try await harness.settle()
        for account in 0..<7 {
            let expected = (0..<500).filter { $0 % 7 == account }
            #expect(try await harness.bookings(of: "a\(account)") == expected)
            let reported = harness.module.world.reports.filter { $0.account == "a\(account)" }
            #expect(reported.map(\.amount) == expected)
        }
    }

    @Test func `hands an effect the event's id as idempotency key`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        let id = try await harness.publish(Deposited(account: "a", amount: 1))
        try await harness.settle()
        #expect(harness.module.world.reportIDs == [id])
    }

    @Test func `runs effects of different keys side by side, up to the limit`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        for number in 0..<50 {
            try await harness.publish(Deposited(account: "a\(number)", amount: number))
        }
        try await harness.settle()
        #expect((1...4).contains(harness.module.world.runningMost))
        #expect(harness.module.world.reports.count == 50)
    }

    @Test func `carries correlation and causation along`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        let id = try await harness.publish(Deposited(account: "a", amount: 1))
        try await harness.settle()
        let cause = try await harness.database.read { transaction in
            try transaction.first(
                "SELECT correlation_id, causation_id, caused_in FROM outbox_events")
        }
        let row = try #require(cause)
        #expect(try row.get("causation_id", as: EventID.self) == id)
        #expect(try row.get("correlation_id", as: String.self) == id.description)
        #expect(try row.get("caused_in", as: String.self) == "ledger.bookings")
    }
}

@Suite struct `Publishing an event` {
    @Test func `G1: leaves nothing behind when the transaction fails`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        let outbox = harness.module.outbox
        await #expect(throws: Unlucky.self) {
            try await harness.database.write { transaction in
                try outbox.publish(Booked(account: "a", sum: 1), in: transaction)
                throw Unlucky()
            }
        }
        #expect(try await harness.published(Booked.self).isEmpty)
    }

    @Test func `refuses a type that the module does not declare, and keeps nothing`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        let outbox = harness.module.outbox
        await #expect(throws: OutboxError.undeclaredType(Deposited.type, module: "ledger")) {
            try await harness.database.write { transaction in
                try transaction.execute("INSERT INTO bookings (account, amount) VALUES ('a', 1)")
                try outbox.publish(Booked(account: "a", sum: 1), in: transaction)
                try outbox.publish(Deposited(account: "a", amount: 1), in: transaction)
            }
        }
        await #expect(throws: OutboxError.undeclaredType(Deposited.type, module: "ledger")) {
            try await harness.database.write { transaction in
                try outbox.publish(
                    Deposited(account: "a", amount: 1), at: harness.time.now, in: transaction)
            }
        }
        try await harness.settle()
        #expect(try await harness.bookings(of: "a").isEmpty)
        #expect(try await harness.published(Booked.self).isEmpty)
        #expect(try await harness.published(Deposited.self).isEmpty)
    }

    @Test func `refuses a key that no engine holds, and keeps nothing`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        let outbox = harness.module.outbox
        await #expect(throws: OutboxError.keyWithNUL(Booked.type)) {
            try await harness.database.write { transaction in
                try outbox.publish(Booked(account: "a\0b", sum: 1), in: transaction)
            }
        }
        #expect(try await harness.published(Booked.self).isEmpty)
    }

    @Test func `refuses a payload that no broker would take`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        let outbox = harness.module.outbox
        let account = String(repeating: "x", count: Outbox.payloadByteCountMax)
        let error = await #expect(throws: OutboxError.self) {
            try await harness.database.write { transaction in
                try outbox.publish(Booked(account: account, sum: 1), in: transaction)
            }
        }
        guard case .payloadTooLarge(let type, let byteCount) = error else {
            Issue.record("not the expected error")
            return
        }
        #expect(type == Booked.type)
        #expect(byteCount > Outbox.payloadByteCountMax)
    }

    @Test func `holds back what is to be published later until it is due`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        let outbox = harness.module.outbox
        let due = harness.time.now + 60
        try await harness.database.write { transaction in
            try outbox.publish(Booked(account: "later", sum: 1), at: due, in: transaction)
            try outbox.publish(Booked(account: "now", sum: 2), in: transaction)
        }
        try await harness.settle()
        #expect(try await harness.published(Booked.self).map(\.account) == ["now"])
        harness.time.advance(by: .seconds(59))
        try await harness.settle()
        #expect(try await harness.published(Booked.self).count == 1)
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        #expect(try await harness.published(Booked.self).map(\.account) == ["now", "later"])
    }
}
