import ArgumentParser
import Foundation
import Kafka
import Logging
import Storage
import Telemetry

/// What all measurements of the bus take.
struct BusOptions: ParsableArguments {
    @Option(help: "Where the databases live, as storage.url.")
    var storage: String

    @Option(help: "Consumers with trivial handlers.")
    var consumers = 4

    @Option(help: "Modules that the consumers are spread over, each with a database.")
    var modules = 4

    @Option(help: "Bootstrap servers; the bus is in process without them.")
    var brokers: String?

    @Option(help: "Properties of librdkafka, as bus.kafka.properties.")
    var properties = ""

    /// The measured program counts and traces as the real one does.
    func plan() throws -> Rig.Plan {
        _ = Telemetry.bootstrap(
            TelemetrySettings(
                serviceName: "flotilla-bench", version: "bench", environment: "bench",
                logLevel: .critical))
        guard let url = StorageURL(storage) else {
            throw ValidationError("\(storage) is no storage")
        }
        var plan = Rig.Plan(storage: url, consumerCount: consumers, moduleCount: modules)
        plan.kafka = try kafkaSettings()
        return plan
    }

    private func kafkaSettings() throws -> KafkaSettings? {
        guard let brokers else { return nil }
        var settings = KafkaSettings(brokers: brokers)
        guard let properties = KafkaSettings.properties(properties) else {
            throw ValidationError("\(properties) are no properties")
        }
        settings.properties = properties
        return settings
    }
}

/// How many events a measurement takes.
struct LoadOptions: ParsableArguments {
    @Option(help: "Events that are measured.")
    var events: Int

    @Option(help: "Events that go before, unmeasured.")
    var warmup = 500

    @Option(help: "Different keys.")
    var keys = 1_000

    func validate() throws {
        guard events > 0, warmup >= 0, keys > 0 else {
            throw ValidationError("events and keys are above 0, and warm-up is not below it")
        }
    }
}
