package import EventBus
package import Events
import Foundation
import Logging
import Metrics
package import Storage
import Synchronization

/// Carries events over Kafka: a producer for each module's log, and one member of the group
/// `flotilla.<module>` for each module that hears something.
package final class KafkaTransport: Transport {
    private let settings: KafkaSettings
    /// All topics of the program.
    private let topics: [String]
    /// The modules that publish anything.
    private let publishers: Set<String>
    private let thread = KafkaThread(name: "kafka-topics")
    private let stopping = Atomic(false)
    let state = Mutex(State())

    struct State {
        var producers: [String: KafkaProducer] = [:]
        var receivers: [String: KafkaReceiver] = [:]
        var areTopicsEnsured = false
        /// What is wrong at the moment, by what it is about.
        var problems: [String: String] = [:]
    }

    /// The relay's place is kept in the log under this name.
    package var reader: String? { Cutover.broker }

    package init(settings: KafkaSettings, registry: EventRegistry) {
        self.settings = settings
        topics = Set(registry.entries.map(\.topic.rawValue)).sorted()
        publishers = Set(registry.entries.map(\.publisher))
    }

    /// Reaches the cluster and looks at its topics; makes nothing.
    ///
    /// - Throws: ``KafkaError``.
    package func check() async throws {
        // What is known to be wrong need not be asked for.
        if let problem { throw KafkaError(name: "PROBLEM", description: problem) }
        try await KafkaThread(name: "kafka-check").run { [settings, topics] in
            try KafkaTopics(settings: settings, patience: Self.checkPatience)
                .ensure(topics, isCreating: false)
        }
    }

    /// Whoever asks waits five seconds at least.
    private static let checkPatience = Duration.seconds(3)

    private func ensureTopics() async throws {
        guard !state.withLock(\.areTopicsEnsured) else { return }
        let isStopping = { @Sendable [weak self] in self?.isStopping ?? true }
        try await thread.run { [settings, topics] in
            try KafkaTopics(settings: settings, isStopping: isStopping)
                .ensure(topics, isCreating: true)
        }
        state.withLock { $0.areTopicsEnsured = true }
    }

    package func open(_ log: OutboxLog, after position: Int64) async throws {
        try await noting("out/\(log.module)", module: log.module) {
            try await ensureTopics()
            if publishers.contains(log.module) { try await producer(of: log.module).warmUp() }
        }
    }

    private func producer(of log: String) -> KafkaProducer {
        state.withLock { state in
            if let producer = state.producers[log] { return producer }
            let new = KafkaProducer(module: log, settings: settings) { [weak self] in
                self?.isStopping ?? true
            }
            state.producers[log] = new
            return new
        }
    }

    package func send(_ batch: LogBatch) async throws -> Shipment {
        let producer = producer(of: batch.log)
        let sent = try await sending(of: batch.log) { try await producer.send(batch.events) }
        return Shipment { [self] in
            // No news: what failed has told of it.
            if sent.isLetGo { throw KafkaProducer.letGo }
            try await sending(of: batch.log) { try await producer.deliver(sent) }
        }
    }

    private func sending<T>(of log: String, _ body: () async throws -> T) async throws -> T {
        try await noting("out/\(log)", module: log) {
            do {
                return try await body()
            } catch {
                // A topic may be gone.
                state.withLock { $0.areTopicsEnsured = false }
                throw error
            }
        }
    }

    package func inflow(
        for consumer: String, topics: Set<Topic>?, database: Database, wake: Signal
    ) -> any Inflow {
        StoredInflow(topics: topics, database: database)
    }

    /// Keeps a member of the module's group at work: one that fails is followed by another.
    package func receive(_ topics: Set<Topic>?, into intake: Intake) async {
        var logger = Logger(label: "flotilla.kafka")
        logger[metadataKey: "module"] = "\(intake.module)"
        let names = topics.map { $0.map(\.rawValue).sorted() } ?? self.topics
        var failureCount = 0
        while !intake.isStopping, !Task.isCancelled {
            let start = ContinuousClock.now
            do {
                try await noting("in/\(intake.module)", module: intake.module) {
                    try await ensureTopics()
                }
                try await receive(names, into: intake, logger: logger)
            } catch is CancellationError {
                return
            } catch {
                state.withLock {
                    $0.areTopicsEnsured = false
                    $0.problems["in/\(intake.module)"] = "\(error)"
                }
                if ContinuousClock.now - start > .seconds(30) { failureCount = 0 }
                failureCount += 1
                logger.error("receiving failed", error: error)
                let pauses = RetryPolicy(initialDelay: .milliseconds(200), delayMax: .seconds(5))
                let until = ContinuousClock.now + pauses.delay(after: failureCount, chance: 1)
                while ContinuousClock.now < until, !intake.isStopping {
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
        }
    }

    private func receive(
        _ topics: [String], into intake: Intake, logger: Logger
    ) async throws {
        let receiver = try KafkaReceiver(
            topics: topics, intake: intake, settings: settings, logger: logger)
        state.withLock { state in
            state.receivers[intake.module] = receiver
            state.problems["in/\(intake.module)"] = nil
        }
        let result: Result<Void, any Error>
        do { result = .success(try await receiver.run()) } catch { result = .failure(error) }
        // Also when this task was cancelled: the group would wait for it.
        await Task { await receiver.close() }.value
        _ = state.withLock { $0.receivers.removeValue(forKey: intake.module) }
        try result.get()
    }

    package func stop() { stopping.store(true, ordering: .releasing) }

    private var isStopping: Bool { stopping.load(ordering: .acquiring) }

    package func lag(of stream: String, for module: String) -> Int64 {
        guard let receiver = state.withLock({ $0.receivers[module] }) else { return 0 }
        return receiver.partitions.first { $0.stream == stream }.map { receiver.lag(of: $0) } ?? 0
    }

    package var problem: String? {
        let problems = state.withLock { Set($0.problems.values) }
        return problems.isEmpty ? nil : problems.sorted().joined(separator: "; ")
    }

    /// Remembers what is wrong for as long as it is, for whoever asks.
    private func noting<T>(
        _ subject: String, module: String, _ body: () async throws -> T
    ) async throws -> T {
        do {
            let result = try await body()
            _ = state.withLock { $0.problems.removeValue(forKey: subject) }
            return result
        } catch {
            state.withLock { $0.problems[subject] = "\(error)" }
            Counter(
                label: "flotilla.kafka.errors",
                dimensions: [
                    ("module", module), ("kind", (error as? KafkaError)?.name ?? "OTHER"),
                ]
            ).increment()
            throw error
        }
    }
}
