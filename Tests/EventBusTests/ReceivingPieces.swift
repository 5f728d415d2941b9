import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Testing

/// What a module's intake makes of what a broker brings.
@Suite struct `Receiving pieces of a partition` {
    /// A module that receives one partition.
    private final class Reception {
        let database: Database
        private let directory: TemporaryDirectory
        private let intake: Intake
        private var offset: Int64 = -1

        init(_ storage: StorageEngine) async throws {
            directory = try TemporaryDirectory()
            database = try Database(module: "quay", at: await storage.makeURL(in: directory))
            try await database.migrate(Bus.migrations)
            intake = Intake(
                module: "quay", database: database,
                environment: BusEnvironment(now: { noon }), received: Signal())
        }

        func take(_ messages: Message...) async throws {
            let items = messages.map { message in
                offset += 1
                return ReceivedPiece.Item(
                    offset: offset, fingerprint: offset, envelope: message.envelope,
                    position: message.position)
            }
            try await intake.take(
                ReceivedPiece(topic: "port.events", partition: 0, items: items))
        }

        /// What lies in the stream, as `log position`.
        func all() async throws -> [String] {
            try await database.read { transaction in
                try transaction.rows(
                    "SELECT log, log_position FROM inbox_events ORDER BY position"
                ).map {
                    "\(try $0.get("log", as: String.self)) "
                        + "\(try $0.get("log_position", as: Int64.self))"
                }
            }
        }
    }

    private struct Message {
        let position: Int64?
        let envelope: Envelope

        /// - Parameter age: seconds since it was published; negative when that is yet to come.
        init(_ position: Int64?, of source: String = "/flotilla/port", age: Double = -1) {
            self.position = position
            envelope = Envelope(
                id: EventID(), type: "ShippedEventV1", source: source, topic: "port.events",
                key: "a", time: noon - age, data: Data("{}".utf8),
                cause: Cause(correlationID: "c"))
        }
    }

    @Test(arguments: StorageEngine.allCases)
    func `a position that comes again with another event counts by the stream from then on`(
        storage: StorageEngine
    ) async throws {
        let reception = try await Reception(storage)
        let old = (1...4).map { Message($0, age: 1) }
        try await reception.take(old[0], old[1], Message(7, of: "/flotilla/pier"), old[2], old[3])
        // As a relay does that was restored along with its log: it sends some again.
        try await reception.take(old[1], Message(3), Message(4), old[2], Message(9))
        try await reception.take(Message(10), Message(8, of: "/flotilla/pier"))
        let anew = "port.events/0@|/flotilla/port"
        #expect(
            try await reception.all() == [
                "port 1", "port 2", "pier 7", "port 3", "port 4",
                "\(anew) 6", "\(anew) 7", "\(anew) 8", "\(anew) 9", "pier 8",
            ])
    }

    @Test(arguments: StorageEngine.allCases)
    func `what comes again after retention has dropped it is left out`(
        storage: StorageEngine
    ) async throws {
        let reception = try await Reception(storage)
        let old = (1...4).map { Message($0, age: 1) }
        try await reception.take(old[0], old[1], old[2], old[3])
        try await reception.database.write {
            try $0.execute("DELETE FROM inbox_events WHERE position <= 2")
        }
        try await reception.take(old[0], old[1], old[2], old[3], Message(5))
        #expect(try await reception.all() == ["port 3", "port 4", "port 5"])
        try await reception.take(Message(2), old[0])
        #expect(try await reception.all().last == "port.events/0@|/flotilla/port 6")
    }

    @Test func `what others publish counts by the stream in any case`() async throws {
        let reception = try await Reception(.sqlite)
        try await reception.take(
            Message(nil, of: "urn:elsewhere"), Message(nil), Message(nil, of: "urn:elsewhere"))
        #expect(
            try await reception.all() == [
                "port.events/0|urn:elsewhere 1", "port.events/0|/flotilla/port 2",
                "port.events/0|urn:elsewhere 3",
            ])
    }
}

private let noon = Date(timeIntervalSince1970: 1_700_000_000)
