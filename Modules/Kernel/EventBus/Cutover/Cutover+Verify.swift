import Events
import Foundation
import Storage

extension Cutover {
    /// What came over the broker beside what the logs hold, and what the consumers made of it.
    public struct Verification: Sendable, Encodable {
        /// Each log, up to the last move and after it.
        public let sides: [Side]
        /// Keys whose last event a consumer has not taken, at most 20 of each consumer and log.
        public let untaken: [Untaken]

        /// Whether both ways agree and everything is taken.
        public var isGood: Bool { sides.allSatisfy(\.isEqual) && untaken.isEmpty }

        /// One log on one side of the mark.
        public struct Side: Sendable, Encodable {
            /// The publishing module.
            public let log: String
            /// `before` the mark or `after` it.
            public let side: String
            /// The position that divides them.
            public let mark: Int64
            /// How many events the log holds, and how many of them came over the broker.
            public let published: Int64
            /// As ``published``.
            public let received: Int64
            /// Over key, position and id of each, in the order of positions.
            public let publishedHash: String
            /// As ``publishedHash``.
            public let receivedHash: String
            /// Whether they are the same.
            public var isEqual: Bool {
                published == received && publishedHash == receivedHash
            }
        }

        /// A key of which a consumer lacks something.
        public struct Untaken: Sendable, Encodable {
            /// The consumer.
            public let consumer: String
            /// The publishing module.
            public let log: String
            /// The key.
            public let key: String
            /// The last position of an event of that key that the consumer hears.
            public let published: Int64
            /// The last that it took; 0 for none.
            public let taken: Int64
        }
    }

    /// Events read at a time.
    private static let pageCount = 5_000

    /// Compares both ways.
    ///
    /// - Parameter goal: up to what had been sent then; what is not there yet may still come.
    /// - Throws: `StorageError`.
    public func verify(since goal: Standing) async throws -> Verification {
        var sides: [Verification.Side] = []
        var untaken: [Verification.Untaken] = []
        for log in publishers {
            let name = log.module
            let sent = goal.logs.first { $0.log == name }?.sent ?? 0
            let mark = try await inDatabase { transaction in
                try transaction.first(
                    "SELECT MAX(position) AS mark FROM bus_cutovers WHERE log = \(name)")?
                    .get("mark", as: Int64?.self) ?? 0
            }
            let floor = try await log.floor()
            sides.append(
                try await side("before", of: log, after: floor, upTo: min(mark, sent), mark: mark))
            sides.append(
                try await side("after", of: log, after: max(floor, mark), upTo: sent, mark: mark))
            untaken += try await self.untaken(of: log, upTo: sent)
        }
        return Verification(sides: sides, untaken: untaken)
    }

    private func side(
        _ side: String, of log: OutboxLog, after start: Int64, upTo end: Int64, mark: Int64
    ) async throws -> Verification.Side {
        let (name, topics) = (log.module, heardTopics(of: log.module))
        let published = try await digest(after: start, upTo: end) { place, transaction in
            try transaction.rows(
                """
                SELECT position, topic, key, event_id FROM outbox_events
                WHERE position > \(place) AND position <= \(end)
                ORDER BY position LIMIT \(Self.pageCount)
                """)
        } in: {
            try await log.database.read($0)
        } where: {
            topics.contains($0)
        }
        let received = try await digest(after: start, upTo: end) { place, transaction in
            try transaction.rows(
                """
                SELECT log_position AS position, topic, key, event_id FROM inbox_events
                WHERE log = \(name) AND log_position > \(place) AND log_position <= \(end)
                ORDER BY log_position LIMIT \(Self.pageCount)
                """)
        } in: {
            try await inDatabase($0)
        } where: { _ in
            true
        }
        return Verification.Side(
            log: name, side: side, mark: mark, published: published.count,
            received: received.count, publishedHash: published.text, receivedHash: received.text)
    }

    private struct Digest {
        var count: Int64 = 0
        private var hash = FNV1a()

        mutating func add(_ text: String) {
            count += 1
            hash.mix(text.utf8)
        }

        var text: String { String(hash.value, radix: 16) }
    }

    private typealias Page = @Sendable (Int64, Transaction) throws -> [Row]

    private func digest(
        after start: Int64, upTo end: Int64, _ page: @escaping Page,
        in read: (@escaping @Sendable (Transaction) throws -> [Item]) async throws -> [Item],
        where isHeard: (Topic) -> Bool
    ) async throws -> Digest {
        var digest = Digest()
        var place = start
        var last: Int64?
        while place < end {
            let from = place
            let items = try await read { transaction in
                try page(from, transaction).map { row in
                    Item(
                        position: try row.get("position"), topic: try row.get("topic"),
                        text: "\(try row.get("key", as: String.self)) "
                            + "\(try row.get("event_id", as: EventID.self))")
                }
            }
            guard let furthest = items.last?.position else { break }
            for item in items where isHeard(item.topic) && item.position != last {
                digest.add("\(item.position) \(item.text)")
                last = item.position
            }
            place = furthest
        }
        return digest
    }

    private struct Item: Sendable {
        let position: Int64
        let topic: Topic
        let text: String
    }

    /// Keys of which a consumer has not taken the last event that it hears.
    private func untaken(
        of log: OutboxLog, upTo end: Int64
    ) async throws -> [Verification.Untaken] {
        var untaken: [Verification.Untaken] = []
        for (consumer, types) in heardTypes {
            let lasts = try await log.database.read { transaction in
                try transaction.rows(
                    """
                    SELECT key, type, MAX(position) AS last FROM outbox_events
                    WHERE position <= \(end) GROUP BY key, type
                    """
                ).reduce(into: [String: Int64]()) { lasts, row in
                    let type = try row.get("type", as: EventType.self)
                    guard types?.contains(type) ?? true else { return }
                    let key = try row.get("key", as: String.self)
                    lasts[key] = max(lasts[key] ?? 0, try row.get("last"))
                }
            }
            let name = log.module
            let marks = try await inDatabase { transaction in
                try transaction.rows(
                    """
                    SELECT key, position FROM inbox_marks
                    WHERE consumer = \(consumer) AND log = \(name)
                    """
                ).reduce(into: [String: Int64]()) {
                    $0[try $1.get("key")] = try $1.get("position", as: Int64.self)
                }
            }
            untaken += lasts.filter { marks[$0.key] ?? 0 < $0.value }.sorted { $0.key < $1.key }
                .prefix(20).map { key, last in
                    .init(
                        consumer: consumer, log: name, key: key, published: last,
                        taken: marks[key] ?? 0)
                }
        }
        return untaken
    }
}
