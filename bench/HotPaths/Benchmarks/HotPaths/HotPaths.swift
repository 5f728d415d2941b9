import Benchmark
import Crypto
import EventBus
import Events
import Foundation
import Storage
import Web

/// Single functions that every request or event goes through, in process and without a network.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .cpuTotal, .instructions, .throughput], warmupIterations: 50,
        scalingFactor: .one, maxDuration: .seconds(3))

    Benchmark("100 tokens, each for the first time") { benchmark in
        let tokens = try await Tokens()
        let verifiers = try await tokens.verifiers(100)
        benchmark.startMeasurement()
        for verifier in verifiers { blackHole(try await verifier.verify(tokens.token)) }
    }

    Benchmark("one token, 100 times") { benchmark in
        let tokens = try await Tokens()
        let verifier = try await tokens.verifiers(1)[0]
        _ = try await verifier.verify(tokens.token)
        benchmark.startMeasurement()
        for _ in 0..<100 { blackHole(try await verifier.verify(tokens.token)) }
    }

    Benchmark("transaction that reads a row, SQLite, 100 in turn") { benchmark in
        try await Store.with { store in
            benchmark.startMeasurement()
            for _ in 0..<100 { blackHole(try await store.read()) }
            benchmark.stopMeasurement()
        }
    }

    Benchmark("transaction that publishes 100 events, SQLite") { benchmark in
        try await Store.with { store in
            benchmark.startMeasurement()
            try await store.publish(100)
            benchmark.stopMeasurement()
        }
    }
}

/// A token as a client sends it, and who checks it.
private struct Tokens {
    let key: SigningKey
    let token: String

    init() async throws {
        key = try SigningKey(pem: P256.Signing.PrivateKey().pemRepresentation)
        let principal = Principal(
            userID: UserID(), sessionID: "session", roles: ["customer"], permissions: [])
        token = try await AccessTokenSigner(key: key).sign(
            AccessTokenClaims(
                principal: principal, issuer: "flotilla", audience: "flotilla-api",
                issuedAt: Date(), lifetime: .seconds(600)))
    }

    func verifiers(_ count: Int) async throws -> [AccessTokenVerifier] {
        var verifiers: [AccessTokenVerifier] = []
        for _ in 0..<count {
            verifiers.append(
                try await AccessTokenVerifier(
                    keys: [key.publicKey], issuer: "flotilla",
                    audience: "flotilla-api"))
        }
        return verifiers
    }
}

/// A database with an outbox, in a directory of its own.
private struct Store: Sendable {
    let database: Database
    let outbox: Outbox

    static func with(_ body: (Store) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "hot-paths-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let database = try Database(module: "hot", at: .sqlite(directory: directory))
        try await database.migrate(Bus.migrations)
        let registry = try EventRegistry([
            .init(module: "hot", publishes: [Heated.self], subscriptions: [])
        ])
        let bus = Bus(registry: registry, settings: BusSettings())
        try await body(Store(database: database, outbox: bus.outbox(of: "hot", in: database)))
        await database.close()
    }

    func read() async throws -> Int {
        try await database.read { transaction in
            try transaction.first("SELECT COUNT(*) AS n FROM outbox_retention")?.get("n") ?? 0
        }
    }

    func publish(_ count: Int) async throws {
        try await database.write { transaction in
            for number in 0..<count { try outbox.publish(Heated(number: number), in: transaction) }
        }
    }
}

private struct Heated: Event {
    static let type: EventType = "HeatedEventV1"
    static let topic: Topic = "hot.events"

    let number: Int
    var text = String(repeating: "what an event has to tell ", count: 7)
    var key: String { "key-\(number % 1_000)" }
}
