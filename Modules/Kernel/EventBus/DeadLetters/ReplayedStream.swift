import Events
import Foundation
import Storage

/// What a replay looks for its beginning in.
protocol ReplayedStream: Sendable {
    var name: String { get }
    /// Up to where retention has dropped events.
    func floor() async throws -> Int64
    /// The position after which events published at a time or later begin.
    func position(before time: Date) async throws -> Int64
    /// Where an event lies, and when it was published; `nil` when it is not there.
    func place(of id: EventID) async throws -> (position: Int64, time: Date)?
}

extension OutboxLog: ReplayedStream {
    var name: String { module }

    func place(of id: EventID) async throws -> (position: Int64, time: Date)? {
        try await event(id).map { ($0.position, $0.envelope.time) }
    }
}

/// A partition as a module's intake has received it.
struct ReceivedStream: ReplayedStream {
    let name: String
    private let inflow: StoredInflow
    private let database: Database

    static func all(
        of topics: Set<Topic>?, in database: Database
    ) async throws -> [ReceivedStream] {
        let inflow = StoredInflow(topics: topics, database: database)
        return try await inflow.streams.map {
            ReceivedStream(name: $0, inflow: inflow, database: database)
        }
    }

    func floor() async throws -> Int64 {
        try await inflow.floor(of: name)
    }

    func position(before time: Date) async throws -> Int64 {
        try await inflow.position(in: name, before: time)
    }

    func place(of id: EventID) async throws -> (position: Int64, time: Date)? {
        let name = name
        return try await database.read { transaction in
            try transaction.first(
                """
                SELECT position, time FROM inbox_events
                WHERE event_id = \(id) AND stream = \(name)
                """
            ).map { (try $0.get("position"), try $0.get("time")) }
        }
    }
}
