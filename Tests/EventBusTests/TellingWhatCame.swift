import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Testing

@Suite(.serialized) struct `Telling what came` {
    /// As in a process behind a broker: the publisher's log is elsewhere.
    @Test func `tells what became of an event here, and what it caused, without its log`()
        async throws
    {
        let (harness, ids) = try await ModuleHarness.archive()
        let whole = try #require(try await harness.story(of: ids[0]))
        #expect(whole.relay != nil && !whole.deliveries.isEmpty)
        try await harness.publisherDatabase.write { transaction in
            try transaction.execute("DELETE FROM outbox_events WHERE event_id = \(ids[0])")
        }
        #expect(try await harness.story(of: ids[0]) == nil)
        try await harness.database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO inbox_events (stream, position, log, log_position, received_at,
                    event_id, type, topic, key, time, correlation_id, data)
                VALUES ('ledger.events/0', 7, \(whole.publisher), \(whole.position),
                    \(whole.time), \(whole.id), \(whole.type), \(whole.topic), \(whole.key),
                    \(whole.time), \(whole.correlationId), '{}')
                """)
        }
        let part = try #require(try await harness.story(of: ids[0]))
        #expect(part.relay == nil && part.publishedWith.isEmpty)
        #expect(part.publisher == whole.publisher && part.position == whole.position)
        #expect(part.deliveries.map(\.consumer) == whole.deliveries.map(\.consumer))
        #expect(Self.handled(part) == Self.handled(whole) && !Self.handled(part).isEmpty)
        #expect(!part.caused.isEmpty && part.caused.map(\.id) == whole.caused.map(\.id))
    }

    private static func handled(_ story: EventStory) -> [String] {
        story.deliveries.filter { $0.state == "handled" }.map(\.consumer)
    }
}
