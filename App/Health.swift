import EventBus
import Events
import Foundation
import HTTPTypes
import Kafka
import Platform
import Storage
import Synchronization
import Web

/// The probes: whether the process lives, may be sent requests, and reaches what it needs.
///
/// Liveness depends on nothing. Readiness depends on the databases alone: an outbox decouples
/// everything else, so that one broken neighbour does not take the process out of service.
final class Health: Sendable {
    /// Answers are kept this long, so that probes can't pile up on a slow component.
    private static let cacheDuration = Duration.seconds(1)
    private static let checkTimeout = Duration.milliseconds(500)
    private static let integrationTimeout = Duration.seconds(5)
    /// Events that wait longer than this are reported.
    private static let pendingAgeWarnSeconds = 60.0

    private static let alive = Result { try Report(checks: [:]).answer() }

    private let composition: Composition
    private let draining = Atomic(false)
    private let readiness = Cached<Report>()
    private let integrations = Cached<Report>()

    init(_ composition: Composition) { self.composition = composition }

    /// From now on `/health/ready` says no.
    func drain() { draining.store(true, ordering: .releasing) }

    var routes: [Route] {
        [
            .get("/health/live", access: .anyone) { _ in try Self.alive.get() },
            .get("/health/startup", access: .anyone) { _ in try Self.alive.get() },
            .get("/health/ready", access: .anyone) { _ in try await self.ready().answer() },
            .get("/health/integrations", access: .anyone) { _ in
                try await self.integrationReport().answer()
            },
        ]
    }

    private func ready() async -> Report {
        guard !draining.load(ordering: .acquiring) else {
            return Report(checks: ["drain": .fail("the process is shutting down")])
        }
        let databases = composition.databases
        return await readiness.value(for: Self.cacheDuration) {
            await Report.collecting(
                databases.map { name, database in
                    // What can only be read is of no use.
                    Check("database.\(name)") { try await database.checkWritable() }
                }, within: Self.checkTimeout)
        }
    }

    private func integrationReport() async -> Report {
        let composition = composition
        return await integrations.value(for: Self.cacheDuration) {
            var report = await Report.collecting(
                composition.tokenKeys.checks + composition.modules.flatMap(\.checks)
                    + composition.brokerChecks, within: Self.integrationTimeout)
            do {
                report.checks["bus"] = try await Self.busResult(composition.bus)
            } catch {
                report.checks["bus"] = .fail("can't read the outboxes")
            }
            return report
        }
    }

    /// Warns of events that wait long and of parked ones; fails when a consumer takes nothing more
    /// until somebody does something.
    private static func busResult(_ bus: Bus) async throws -> Report.Result {
        let now = Date()
        let pending = try await bus.pendingEvents()
        let consumers = try await bus.consumerStatus()
        let late = pending.filter { now.timeIntervalSince($0.oldest) > pendingAgeWarnSeconds }
            .map { "\($0.type): \(Int(now.timeIntervalSince($0.oldest))) s" }
        var (warnings, failures) = (late, [String]())
        for consumer in consumers {
            let parked = consumer.retryingCount + consumer.waitingCount + consumer.deadCount
            if consumer.standing.isStopped || consumer.standing == .failing {
                failures.append("\(consumer.consumer): \(consumer.standing.name)")
            } else if parked > 0 {
                warnings.append("\(consumer.consumer): \(parked) parked")
            }
            for call in consumer.overdue {
                warnings.append(
                    "\(consumer.consumer): has handled \(call.type) \(call.eventID) for"
                        + " \(Int(call.seconds)) s")
            }
        }
        var result: Report.Result = .pass
        if !warnings.isEmpty { result = .warn(warnings.sorted().joined(separator: ", ")) }
        if !failures.isEmpty {
            result = .fail((failures + warnings).sorted().joined(separator: ", "))
        }
        result.data = try await oldestUnhandled(pending: pending, bus: bus, now: now)
        return result
    }

    /// Age in seconds of the oldest event that some consumer has not handled, by type: waiting in
    /// a log, or parked.
    private static func oldestUnhandled(
        pending: [Bus.PendingEvents], bus: Bus, now: Date
    ) async throws -> [String: Double] {
        let parked = try await bus.oldestParkedEvents().map { ($0.key, $0.value) }
        let times = pending.map { ($0.type, $0.oldest) } + parked
        let oldest = Dictionary(times) { min($0, $1) }
        return Dictionary(
            uniqueKeysWithValues: oldest.map { type, time in
                let seconds = max(0, now.timeIntervalSince(time))
                return (type.rawValue, (seconds * 1_000).rounded() / 1_000)
            })
    }
}

/// What a probe answers.
struct Report: Encodable, Sendable {
    enum Status: String, Encodable, Sendable, Comparable {
        case pass, warn, fail

        static func < (left: Status, right: Status) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .pass: 0
            case .warn: 1
            case .fail: 2
            }
        }
    }

    struct Result: Encodable, Sendable {
        let status: Status
        let detail: String?
        /// Figures behind it, in the unit that the check is about.
        var data: [String: Double]?

        static let pass = Result(status: .pass, detail: nil)
        static func warn(_ detail: String) -> Result { Result(status: .warn, detail: detail) }
        static func fail(_ detail: String) -> Result { Result(status: .fail, detail: detail) }
    }

    var checks: [String: Result]

    var status: Status { checks.values.map(\.status).max() ?? .pass }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(status, forKey: .status)
        try container.encode(checks, forKey: .checks)
    }

    private enum CodingKeys: CodingKey { case status, checks }

    func answer() throws -> WebResponse {
        try .json(self, status: status == .fail ? .serviceUnavailable : .ok)
    }

    /// Runs checks side by side, each within a time. What failed is named, and why in words of our
    /// own: reasons hold addresses and belong in the log.
    static func collecting(_ checks: [Check], within timeout: Duration) async -> Report {
        await withTaskGroup(of: (String, Result).self) { group in
            for check in checks {
                group.addTask(name: check.name) {
                    do {
                        try await check.run(within: timeout)
                        return (check.name, .pass)
                    } catch {
                        return (check.name, .fail(reason(error)))
                    }
                }
            }
            return Report(checks: await group.reduce(into: [:]) { $0[$1.0] = $1.1 })
        }
    }

    private static func reason(_ error: any Error) -> String {
        // What a broker says of topics and rights, an operator is to read; no secret is in it.
        if let error = error as? KafkaError { return error.description }
        guard let error = error as? StorageError else { return "does not answer" }
        return switch error.kind {
        case .unavailable: error.isReadOnly ? "can only be read" : "can't be reached"
        case .full: "has no room left"
        case .overloaded: "has no connection free"
        case .busy, .timeout, .conflict, .uniqueViolation, .constraintViolation, .mismatch,
            .migration, .statement:
            "does not answer"
        }
    }
}

extension Check {
    func run(within timeout: Duration) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(name: name) { try await run() }
            group.addTask(name: "timeout") {
                try await Task.sleep(for: timeout)
                throw CheckTimedOut(name: name, timeout: timeout)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

/// A component took too long to answer.
struct CheckTimedOut: Error, CustomStringConvertible {
    let name: String
    let timeout: Duration
    var description: String { "\(name) did not answer within \(timeout)" }
}

/// A value that is computed at most once a while, and once for all who ask meanwhile. An actor,
/// because computing it suspends.
private actor Cached<Value: Sendable> {
    private var current: (value: Value, until: ContinuousClock.Instant)?
    private var isComputing = false
    private var waiting: [CheckedContinuation<Value, Never>] = []

    func value(
        for duration: Duration, _ compute: @Sendable () async -> Value
    ) async -> Value {
        if let current, current.until > .now { return current.value }
        if isComputing { return await withCheckedContinuation { waiting.append($0) } }
        isComputing = true
        let value = await compute()
        isComputing = false
        current = (value, .now + duration)
        for continuation in waiting { continuation.resume(returning: value) }
        waiting = []
        return value
    }
}
