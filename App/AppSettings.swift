import EventBus
import Foundation
import Kafka
import Logging
import Platform
import Settings
import Storage
import Telemetry
import Web

/// The settings of the process itself; those of a module are declared by the module.
enum AppSettings {
    static let modules = Setting<[String]>.list(
        "modules", default: ["all"], "The modules that run in this process; all of them: all.")
    static let environment = Setting<Environment>.choice(
        "environment", default: .development, "production refuses insecure defaults.")

    static let host = Setting<String>.string(
        "http.host", default: "127.0.0.1", "Address to listen on.")
    static let port = Setting<Int>.int(
        "http.port", default: 8_080, in: 0...65_535, "Port to listen on; 0 takes a free one.")
    static let managementPort = Setting<Int>.int(
        "http.managementPort", default: 0, in: 0...65_535,
        "Port for /metrics and /health alone; 0 serves them on http.port.")
    static let requestTimeout = Setting<Duration>.duration(
        "http.requestTimeout", default: .seconds(30), in: .milliseconds(100)...(.seconds(600)),
        "How long a request may take, from its head to its answer.")
    static let bodyLimit = Setting<Int>.int(
        "http.bodyLimit", default: 1_048_576, in: 1_024...67_108_864,
        "Bytes that a request's body may have.")
    static let trustedProxies = Setting<TrustedProxies>.custom(
        "http.trustedProxies", default: .none, defaultText: nil,
        allowed: "addresses and CIDR ranges separated by commas",
        "Proxies, such as the gateway, whose X-Forwarded-For names the client.",
        parse: { TrustedProxies($0) })
    static let hstsMaxAge = Setting<Duration>.duration(
        "http.hstsMaxAge", default: .zero, in: .zero...(.seconds(2 * 365 * 86_400)),
        "How long browsers are told to come by TLS alone: 0s behind none, else 365d is advised.")
    static let corsOrigins = Setting<CORSOrigins>.custom(
        "http.corsOrigins", default: .none, defaultText: nil,
        allowed: "origins separated by commas, such as https://shop.example, each exact",
        "Sites whose pages may read answers (CORS); none: those of the same origin alone.",
        parse: { CORSOrigins($0) })
    static let drainDelay = Setting<Duration>.duration(
        "shutdown.drainDelay", default: .zero, in: .zero...(.seconds(60)),
        "How long /health/ready says 503 before the listener closes.")

    static let storageURL = Setting<StorageURL>.custom(
        "storage.url", default: .sqlite(directory: "./data"), defaultText: "sqlite:./data",
        allowed: storageURLs,
        "Where databases live: one file a module, or one schema a module of a PostgreSQL database.",
        isSecret: true, parse: { StorageURL($0) })
    static let poolMax = Setting<Int>.int(
        "storage.poolMax", default: 8, in: 1...1_000,
        "Connections to a PostgreSQL server that each module may have.")
    static let acquireTimeout = Setting<Duration>.duration(
        "storage.acquireTimeout", default: .seconds(5), in: .milliseconds(10)...(.seconds(300)),
        "How long a transaction waits for a connection before it is refused.")
    static let statementTimeout = Setting<Duration>.duration(
        "storage.statementTimeout", default: .seconds(30),
        in: .milliseconds(10)...(.seconds(86_400)),
        "How long the server lets one statement take.")
    static let slowStatement = Setting<Duration>.duration(
        "storage.slowStatement", default: .milliseconds(500), in: .zero...(.seconds(86_400)),
        "A statement that takes as long is logged, without its values.")
    static let signingKey = Setting<String?>.secretText(
        "auth.signingKey",
        "Ed25519 or P-256 private key that signs access tokens, as PEM or file:PATH."
            + " Generated beside the databases in development.")

    static let verificationKeys = Setting<String?>.secretText(
        "auth.verificationKeys",
        "Further keys, public or private, PEM after PEM, that are published and taken, but not"
            + " signed with: the next one, and the last one until its tokens have ended.")
    static let encryptionKey = Setting<String?>.secretText(
        "auth.encryptionKey",
        "32 bytes as base64 that encrypt the secrets of accounts; several separated by commas: the"
            + " first encrypts, all decrypt. Derived from auth.signingKey when unset.")
    static let sealingKey = Setting<String?>.secretText(
        "auth.sealingKey",
        "32 bytes as base64, the same for the modules user and notification: seals the tokens of"
            + " mails on their way. Derived from auth.signingKey when unset.")

    static let jwksURL = Setting<String?>.custom(
        "auth.jwksUrl", default: nil, defaultText: nil,
        allowed: "an http or https URL, such as http://user:8080/.well-known/jwks.json",
        "Where processes without the module user fetch the keys that check access tokens.",
        parse: { text in
            guard let url = URLComponents(string: text), ["http", "https"].contains(url.scheme),
                url.host?.isEmpty == false, url.user == nil
            else { return nil }
            return .some(text)
        })

    static let transport = Setting<TransportKind>.choice(
        "bus.transport", default: .inProcess, "What carries events between modules.")
    static let brokers = Setting<String?>.custom(
        "bus.kafka.brokers", default: nil, defaultText: nil,
        allowed: "HOST:PORT, several separated by commas",
        "Where the Kafka cluster is found.", parse: { $0.isEmpty ? nil : .some($0) })
    static let kafkaProperties = Setting<[String: String]>.custom(
        "bus.kafka.properties", default: [:], defaultText: nil,
        allowed: "NAME=VALUE pairs separated by commas",
        "Properties of librdkafka: session.timeout.ms=6000,security.protocol=ssl.",
        isSecret: true, parse: { KafkaSettings.properties($0) })
    static let partitions = Setting<Int>.int(
        "bus.kafka.partitions", default: 6, in: 1...1_000,
        "Partitions of each topic; fixed from the first event on.")
    static let replicationFactor = Setting<Int>.int(
        "bus.kafka.replicationFactor", default: 1, in: 1...15,
        "Copies of each partition of a topic that is made.")
    static let externalize = Setting<Bool>.bool(
        "bus.externalize", default: false,
        "Whether events are sent to the Kafka cluster too while modules share a process.")
    static let maxAttempts = Setting<Int>.int(
        "bus.retry.maxAttempts", default: 8, in: 1...100,
        "Tries before an event is parked as a dead letter.")
    static let initialDelay = Setting<Duration>.duration(
        "bus.retry.initialDelay", default: .milliseconds(100), in: retryDelays,
        "The longest wait before the second try; it doubles from try to try.")
    static let maxDelay = Setting<Duration>.duration(
        "bus.retry.maxDelay", default: .seconds(300), in: retryDelays,
        "The longest wait before any try.")

    static let retention = Setting<Duration>.duration(
        "bus.retention", default: .seconds(30 * 86_400),
        in: .seconds(1)...(.seconds(3_650 * 86_400)),
        "How long published events are kept; what a consumer has not taken is kept longer.")
    static let parkedMax = Setting<Int>.int(
        "bus.parkedMax", default: 100_000, in: 1...10_000_000,
        "Parked events that a consumer may have; with more it takes no further ones.")
    static let lease = Setting<Duration>.duration(
        "bus.lease", default: .seconds(7), in: .milliseconds(300)...(.seconds(300)),
        "How long a process's right to consume lasts unless it is renewed, every third of it.")

    static let logLevel = Setting<LogLevel>.choice(
        "log.level", default: .info, "The least level that is logged.")
    static let logFormat = Setting<LogFormat?>.custom(
        "log.format", default: nil, defaultText: nil, allowed: "one of json, pretty",
        "One JSON object a line, or text for people; unset: pretty on a terminal, else json.",
        parse: { LogFormat(rawValue: $0).map(Optional.some) })
    static let serviceName = Setting<String>.string(
        "telemetry.serviceName", default: "flotilla", "serviceName in logs.")

    static let storageURLs =
        "sqlite:DIR, or postgres://USER:PASSWORD@HOST:PORT/DATABASE with libpq's parameters and"
        + " passwordFile=PATH"
    private static let retryDelays = Duration.milliseconds(1)...Duration.seconds(86_400)

    static let all: [any DeclaredSetting] = [
        modules, environment, host, port, managementPort, requestTimeout, bodyLimit,
        trustedProxies, hstsMaxAge, corsOrigins, drainDelay, storageURL, poolMax,
        acquireTimeout, statementTimeout, slowStatement, signingKey, verificationKeys,
        encryptionKey, sealingKey, jwksURL, AuthSettings.issuer, AuthSettings.audience,
        transport, brokers, kafkaProperties, partitions, replicationFactor, externalize,
        maxAttempts, initialDelay, maxDelay, retention, parkedMax, lease, logLevel, logFormat,
        serviceName,
    ]
}

/// Where the process runs.
enum Environment: String, CaseIterable, Sendable {
    case development
    case production
}

/// The transports that the program knows.
enum TransportKind: String, CaseIterable, Sendable {
    case inProcess = "in-process"
    case kafka
}

/// swift-log's levels as a setting.
enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}

extension Settings {
    /// Where a module's database lives: in a place of its own, or with the others.
    func storageURL(ofModule name: String) -> StorageURL {
        self[flotilla.storageURL(of: name)] ?? self[AppSettings.storageURL]
    }
}

/// A module's own place for its database.
func storageURL(of module: String) -> Setting<StorageURL?> {
    .custom(
        "modules.\(module).storage.url", default: nil, defaultText: nil,
        allowed: AppSettings.storageURLs,
        "Where the database of \(module) lives, if not with the others.", isSecret: true,
        parse: { StorageURL($0).map(Optional.some) })
}

/// A consumer's own patience.
struct ConsumerSettings: Sendable {
    let maxAttempts: Setting<Int?>
    let initialDelay: Setting<Duration?>
    let maxDelay: Setting<Duration?>

    init(consumer: String) {
        let prefix = "bus.consumers.\(consumer)"
        maxAttempts = .custom(
            "\(prefix).maxAttempts", default: nil, defaultText: nil,
            allowed: AppSettings.maxAttempts.allowed, "As bus.retry.maxAttempts, for \(consumer).",
            parse: { text in
                (try? AppSettings.maxAttempts.value(of: text)).map(Optional.some)
            })
        initialDelay = Self.delay(
            "\(prefix).initialDelay", like: AppSettings.initialDelay, consumer: consumer)
        maxDelay = Self.delay(
            "\(prefix).maxDelay", like: AppSettings.maxDelay, consumer: consumer)
    }

    private static func delay(
        _ key: String, like model: Setting<Duration>, consumer: String
    ) -> Setting<Duration?> {
        .custom(
            key, default: nil, defaultText: nil, allowed: model.allowed,
            "As \(model.key), for \(consumer).",
            parse: { text in (try? model.value(of: text)).map(Optional.some) })
    }

    var all: [any DeclaredSetting] { [maxAttempts, initialDelay, maxDelay] }
}
