import Foundation
import Testing

/// Triggers in the databases of the system that write down each handling of each event, in the
/// order in which they commit, whatever the bus itself remembers of it.
///
/// Afterwards it tells every breach of G2 (missing, doubled) and of G3 (out of order).
struct Witness: Sendable {
    static let modules = [
        "audit", "notification", "order", "payment", "product", "search", "user",
    ]

    let system: RunningSystem

    /// Puts the triggers into migrated databases that hold no events yet.
    func install() async throws {
        for module in Self.modules {
            try await system.tables.damage(
                module, system.tables.isPostgres ? Self.postgresTriggers : Self.sqliteTriggers)
        }
    }

    private static let sqliteTriggers = """
        CREATE TABLE witness (n INTEGER PRIMARY KEY, consumer TEXT NOT NULL,
            log TEXT NOT NULL, position INTEGER NOT NULL);
        CREATE TRIGGER witness_inserted AFTER INSERT ON inbox_handled BEGIN
            INSERT INTO witness (consumer, log, position)
            VALUES (new.consumer, new.log, new.position);
        END;
        CREATE TRIGGER witness_updated AFTER UPDATE ON inbox_handled BEGIN
            INSERT INTO witness (consumer, log, position)
            VALUES (new.consumer, new.log, new.position);
        END;
        """

    /// Transactions of different keys may commit in another order than that of their numbers; those
    /// of one key wait for each other, or one of them fails.
    private static let postgresTriggers = """
        CREATE TABLE witness (n bigserial PRIMARY KEY, consumer TEXT NOT NULL,
            log TEXT NOT NULL, position bigint NOT NULL);
        CREATE FUNCTION testify() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO witness (consumer, log, position)
            VALUES (new.consumer, new.log, new.position);
            RETURN NULL;
        END $$;
        CREATE TRIGGER witness AFTER INSERT OR UPDATE ON inbox_handled
            FOR EACH ROW EXECUTE FUNCTION testify();
        """

    /// What was seen.
    struct Testimony: Sendable {
        /// Every breach, each with its kind, consumer, log and position; at most 50.
        let breaches: [JSON]
        /// How many handlings there were.
        let handledCount: Int
    }

    /// Looks through everything that was written down.
    ///
    /// - Parameter consumers: those that ran; all of them when `nil`.
    func testimony(of consumers: Set<String>? = nil) async throws -> Testimony {
        let rows = try await system.tables.rowsOfAll(
            Self.modules, prelude: try await heardTypes(by: consumers) + Self.collection,
            Self.breaches)
        let handled = rows.first { $0["breach"] == "none" }?["position"].int ?? 0
        return Testimony(
            breaches: rows.filter { $0["breach"] != "none" }, handledCount: handled)
    }

    /// Ends a system when nothing is on its way any more, and expects that everything was handled
    /// once and in order.
    ///
    /// - Parameters:
    ///   - limit: for what is on its way.
    ///   - seed: what the test's chances came from, to be told with a failure.
    @discardableResult
    func expectNoBreaches(
        within limit: Duration = .seconds(20), _ seed: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Testimony {
        try await system.quiet(within: limit)
        let end = try await system.stop()
        #expect(end.exitCode == 0, "\(end)", sourceLocation: sourceLocation)
        let testimony = try await testimony()
        #expect(
            testimony.breaches.isEmpty, "\(seed): \(testimony.breaches)",
            sourceLocation: sourceLocation)
        return testimony
    }

    /// What somebody hears and has not handled, as the databases of the bus have it; at most 20.
    /// No process of several could tell of what is on its way between them.
    func unhandled() async throws -> [JSON] {
        func union(_ row: (String) -> String) -> String {
            Self.modules.map(row).joined(separator: " UNION ALL ")
        }
        let events = union { "SELECT '\($0)', position, type FROM \"\($0)\".outbox_events" }
        let handled = union { "SELECT consumer, log, position FROM \"\($0)\".inbox_handled" }
        return try await system.tables.rowsOfAll(
            Self.modules,
            prelude: try await heardTypes(by: nil) + """
                CREATE TEMP TABLE logged (log TEXT, position INTEGER, type TEXT);
                INSERT INTO logged \(events);
                CREATE TEMP TABLE done (consumer TEXT, log TEXT, position INTEGER);
                INSERT INTO done \(handled);
                CREATE INDEX done_once ON done (consumer, log, position);

                """,
            """
            SELECT h.consumer, l.log, l.position, l.type FROM logged l
            JOIN heard h ON h.type = l.type OR h.type = '*'
            WHERE NOT EXISTS (SELECT 1 FROM done d WHERE d.consumer = h.consumer
                AND d.log = l.log AND d.position = l.position)
            LIMIT 20
            """)
    }

    /// A table of who hears what, as the program tells it; Audit hears what nobody declared, too.
    private func heardTypes(by consumers: Set<String>?) async throws -> String {
        let types = try await system.command(["events", "types", "--json"])
        try #require(types.exitCode == 0, "\(types)")
        var pairs = ["('audit.trail', '*')"]
        for entry in try JSON(parsing: Data(types.output.utf8))["items"].array {
            for consumer in entry["consumers"].array.compactMap(\.string)
            where consumer != "audit.trail" {
                pairs.append("('\(consumer)', '\(entry["type"].string ?? "")')")
            }
        }
        if let consumers {
            pairs.removeAll { pair in !consumers.contains { pair.contains("'\($0)'") } }
        }
        return """
            CREATE TEMP TABLE heard (consumer TEXT, type TEXT, PRIMARY KEY (type, consumer));
            INSERT INTO heard VALUES \(pairs.joined(separator: ", "));

            """
    }

    private static var collection: String {
        func union(_ row: (String) -> String) -> String {
            modules.map(row).joined(separator: " UNION ALL ")
        }
        let events = union { "SELECT '\($0)', position, type, key FROM \"\($0)\".outbox_events" }
        let handlings = union {
            "SELECT '\($0)', n, consumer, log, position FROM \"\($0)\".witness"
        }
        let parked = union { "SELECT consumer, log, position, error FROM \"\($0)\".inbox_parked" }
        return """
            CREATE TEMP TABLE logged (log TEXT, position INTEGER, type TEXT, key TEXT,
                PRIMARY KEY (log, position));
            INSERT INTO logged \(events);
            CREATE TEMP TABLE seen (module TEXT, n INTEGER, consumer TEXT, log TEXT,
                position INTEGER);
            INSERT INTO seen \(handlings);
            CREATE INDEX seen_once ON seen (consumer, log, position);
            CREATE TEMP VIEW parked AS \(parked);

            """
    }

    private static let breaches = """
        SELECT * FROM (
        SELECT 'doubled' AS breach, consumer, log, position,
            CAST(COUNT(*) AS TEXT) AS detail FROM seen
        GROUP BY consumer, log, position HAVING COUNT(*) > 1
        UNION ALL
        SELECT 'out of order', consumer, log, position, 'after ' || earlier FROM (
            SELECT s.consumer, s.log, s.position, LAG(s.position) OVER (
                PARTITION BY s.consumer, s.log, l.key ORDER BY s.n) AS earlier
            FROM seen s JOIN logged l ON l.log = s.log AND l.position = s.position) AS turns
        WHERE earlier >= position
        UNION ALL
        SELECT 'missing', h.consumer, l.log, l.position, l.type FROM logged l
        JOIN heard h ON h.type = l.type OR h.type = '*'
        WHERE NOT EXISTS (SELECT 1 FROM seen s WHERE s.consumer = h.consumer
            AND s.log = l.log AND s.position = l.position)
        UNION ALL
        SELECT 'never published', consumer, log, position, NULL FROM seen s
        WHERE NOT EXISTS (SELECT 1 FROM logged l
            WHERE l.log = s.log AND l.position = s.position)
        UNION ALL
        SELECT 'left parked', consumer, log, position, error FROM parked
        LIMIT 50) AS found
        UNION ALL SELECT 'none', NULL, NULL, COUNT(*), NULL FROM seen
        """
}
