// swift-tools-version: 6.2
import PackageDescription

// Length: the whole system's targets are in one place, on purpose.
// The architecture, one line a module. A module imports the kernel and the contracts it names in
// `hears:`; anything else is a compile error (`--explicit-target-dependency-import-check error`).

let package = Package(
    name: "flotilla",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "flotilla", targets: ["flotilla"]),
        .library(
            name: "FlotillaKernel",
            targets: ["Events", "Telemetry", "Storage", "EventBus", "Web", "Settings", "Platform"]),
        .library(name: "FlotillaTesting", targets: ["FlotillaTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.1"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
        .package(
            url: "https://github.com/apple/swift-configuration.git", from: "1.4.0",
            traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    ],
    targets: kernel + transports + modules + roles + app + benchmarks
)

// MARK: - Modules

var modules: [Target] {
    module(
        "User", owns: true, libraries: [.crypto, .metrics, "CSodium", "CCrypt", "CCommonPasswords"])
        + module("Product", owns: true, hears: ["User", "Order"], libraries: productLibraries)
        + module("Order", owns: true, hears: ["User", "Product", "Payment"], libraries: [.metrics])
        + module(
            "Payment", owns: true, hears: ["Order"],
            libraries: [
                "Telemetry", .crypto, .metrics, .asyncHTTPClient, .nioCore, .nioPosix, .nioHTTP1,
            ])
        + module("Notification", hears: ["User"], libraries: ["CCurl"])
        + module("Search", hears: ["User"])
        + module("Audit")
}

nonisolated var productLibraries: [Target.Dependency] {
    [.crypto, .metrics, .asyncHTTPClient, .nioCore, .nioHTTP1]
}

/// A feature module: its target, its contract when it `owns` events, and its tests.
///
/// - Parameters:
///   - hears: the modules whose contracts it may import; nothing else of them is visible.
///   - libraries: what it needs beyond the kernel.
func module(
    _ name: String, owns: Bool = false, hears: [String] = [], libraries: [Target.Dependency] = []
) -> [Target] {
    let contracts = ((owns ? [name] : []) + hears)
        .map { Target.Dependency(stringLiteral: "\($0)Contract") }
    let contract: [Target] =
        owns
        ? [
            .target(
                name: "\(name)Contract", dependencies: ["Events"],
                path: "Modules/\(name)/Contract", swiftSettings: strict)
        ] : []
    return contract + [
        .target(
            name: name, dependencies: platform + contracts + libraries,
            path: "Modules/\(name)", exclude: ["README.md"] + (owns ? ["Contract"] : []),
            swiftSettings: strict),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [.init(stringLiteral: name), "FlotillaTesting"]
                + platform + contracts + libraries,
            path: "Tests/\(name)Tests", swiftSettings: strict),
    ]
}

// MARK: - Roles

/// What runs beside the modules' processes. It knows no module; the application tells it the paths.
var roles: [Target] {
    let dependencies: [Target.Dependency] = [
        "Events", "Web", "Settings", "Platform", "Telemetry", .logging, .metrics, .tracing,
        .httpTypes, .hummingbird, .nioCore, .nioPosix, .nioHTTP1, .asyncHTTPClient,
        .serviceLifecycle,
    ]
    return [
        .target(
            name: "Gateway", dependencies: dependencies, path: "Modules/Gateway",
            exclude: ["README.md"], swiftSettings: strict),
        .testTarget(
            name: "GatewayTests", dependencies: ["Gateway"] + dependencies,
            path: "Tests/GatewayTests", swiftSettings: strict),
    ]
}

// MARK: - Kernel

nonisolated var platform: [Target.Dependency] {
    [
        "Events", "EventBus", "Storage", "Web", "Settings", "Platform", .logging, .httpTypes,
        .serviceLifecycle,
    ]
}

var kernel: [Target] {
    [
        .systemLibrary(
            name: "CSodium", path: "Modules/Kernel/CSodium", pkgConfig: "libsodium",
            providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(
            name: "CPostgres", path: "Modules/Kernel/CPostgres", pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"])]),
        .target(name: "CCommonPasswords", path: "Modules/Kernel/CCommonPasswords"),
        .systemLibrary(
            name: "CCrypt", path: "Modules/Kernel/CCrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CSpawn", path: "Modules/Kernel/CSpawn"),
        .systemLibrary(
            name: "CKafka", path: "Modules/Kernel/CKafka", pkgConfig: "rdkafka",
            providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(
            name: "CCurl", path: "Modules/Kernel/CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]),
    ]
        + part("Events")
        + part("Telemetry", ["Events", .logging, .metrics, .tracing, .crypto])
        + part("Settings", ["Telemetry", .configuration, .yams])
        + part(
            "Storage",
            [
                "Events", "CPostgres", .logging, .metrics, .instrumentation, .crypto, .grdb,
                .sqlite,
            ])
        + part("EventCatalogue", ["Events"])
        + part(
            "EventBus",
            [
                "Events", "Storage", "Telemetry", .logging, .metrics, .tracing, .instrumentation,
                .serviceLifecycle,
            ], testing: ["Platform", "Settings"])
        + part(
            "Web",
            [
                "Events", "Storage", "Telemetry", .logging, .metrics, .tracing, .hummingbird,
                .hummingbirdCore, .httpTypes, .jwt, .crypto, .cryptoExtras, .nioCore, .nioPosix,
                .serviceLifecycle, .instrumentation, .asyncHTTPClient, .nioHTTP1,
            ], testing: [.hummingbirdTesting, "Platform", "Settings"])
        + part(
            "Platform",
            [
                "Events", "EventBus", "Storage", "Web", "Settings", "Telemetry", .logging,
                .serviceLifecycle,
            ])
        + [
            .target(
                name: "FlotillaTesting",
                dependencies: platform
                    + ["CSpawn", .hummingbird, .hummingbirdTesting, .nioCore],
                path: "Modules/Kernel/Testing", swiftSettings: strict),
            .testTarget(
                name: "TestingTests", dependencies: platform + ["FlotillaTesting"],
                path: "Tests/TestingTests", swiftSettings: strict),
        ]
}

/// A part of the kernel with its tests.
///
/// - Parameter testing: what its tests need beyond it and the test kit.
func part(
    _ name: String, _ dependencies: [Target.Dependency] = [],
    testing: [Target.Dependency] = []
) -> [Target] {
    let target = Target.target(
        name: name, dependencies: dependencies, path: "Modules/Kernel/\(name)",
        swiftSettings: strict)
    let tests = Target.testTarget(
        name: "\(name)Tests",
        dependencies: [.init(stringLiteral: name), "FlotillaTesting"] + dependencies + testing,
        path: "Tests/\(name)Tests", swiftSettings: strict)
    return [target, tests]
}

// MARK: - Transports

var transports: [Target] {
    [
        .target(
            name: "Kafka",
            dependencies: ["Events", "EventBus", "Storage", "CKafka"]
                + [.logging, .metrics, .crypto],
            path: "Modules/Transports/Kafka", swiftSettings: strict),
        .executableTarget(
            name: "kafka-mock", dependencies: ["CKafka"], path: "Modules/Transports/KafkaMock",
            swiftSettings: strict),
        .testTarget(
            name: "KafkaTests",
            dependencies: ["Kafka", "CKafka", "FlotillaTesting", "kafka-mock"] + platform
                + [.metrics],
            path: "Tests/KafkaTests", swiftSettings: strict),
    ]
}

// MARK: - Application and whole-system tests

var app: [Target] {
    [
        .executableTarget(
            name: "flotilla",
            dependencies: platform + [
                "EventCatalogue", "Gateway", "Kafka", "Telemetry", .argumentParser,
                .unixSignals, .asyncHTTPClient, .nioCore, .nioHTTP1,
            ]
                + modules.filter { $0.type == .regular && !$0.name.hasSuffix("Contract") }
                .map { .init(stringLiteral: $0.name) },
            path: "App", swiftSettings: strict),
        .testTarget(
            name: "ArchitectureTests", path: "Tests/ArchitectureTests", swiftSettings: strict),
        .testTarget(
            name: "AppTests",
            dependencies: platform + [
                "EventCatalogue", "Gateway", "UserContract", "flotilla", "FlotillaTesting", .yams,
            ],
            path: "Tests/AppTests", swiftSettings: strict),
        .testTarget(
            name: "CommerceTests",
            dependencies: platform
                + ["Product", "ProductContract", "Order", "OrderContract", "Payment"]
                + ["PaymentContract", "UserContract", "FlotillaTesting", .yams],
            path: "Tests/CommerceTests", swiftSettings: strict),
        .testTarget(
            name: "ExampleTests", dependencies: platform + ["UserContract", "FlotillaTesting"],
            path: "Tests/ExampleTests", swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "CSpawn", "FlotillaTesting", .asyncHTTPClient, .nioCore, .nioHTTP1, .crypto,
            ],
            path: "IntegrationTests", swiftSettings: strict),
    ]
}

// MARK: - Benchmarks

/// What `make bench` runs beside the application.
var benchmarks: [Target] {
    [
        .executableTarget(
            name: "flotilla-bench",
            dependencies: platform + [
                "CKafka", "CSodium", "Kafka", "Telemetry", .argumentParser, .hummingbird,
                .sqlite,
            ],
            path: "bench/Program", swiftSettings: strict)
    ]
}

/// Swift 6 language mode is the tools version's default; these make its walls higher.
nonisolated var strict: [SwiftSetting] {
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
    ]
}

extension Target.Dependency {
    static var logging: Self { .product(name: "Logging", package: "swift-log") }
    static var metrics: Self { .product(name: "Metrics", package: "swift-metrics") }
    static var tracing: Self { .product(name: "Tracing", package: "swift-distributed-tracing") }
    static var instrumentation: Self {
        .product(name: "Instrumentation", package: "swift-distributed-tracing")
    }
    static var crypto: Self { .product(name: "Crypto", package: "swift-crypto") }
    static var cryptoExtras: Self { .product(name: "CryptoExtras", package: "swift-crypto") }
    static var configuration: Self {
        .product(name: "Configuration", package: "swift-configuration")
    }
    static var yams: Self { .product(name: "Yams", package: "Yams") }
    static var grdb: Self { .product(name: "GRDB", package: "GRDB.swift") }
    static var sqlite: Self { .product(name: "GRDBSQLite", package: "GRDB.swift") }
    static var hummingbird: Self { .product(name: "Hummingbird", package: "hummingbird") }
    static var hummingbirdCore: Self {
        .product(name: "HummingbirdCore", package: "hummingbird")
    }
    static var hummingbirdTesting: Self {
        .product(name: "HummingbirdTesting", package: "hummingbird")
    }
    static var httpTypes: Self { .product(name: "HTTPTypes", package: "swift-http-types") }
    static var jwt: Self { .product(name: "JWTKit", package: "jwt-kit") }
    static var nioCore: Self { .product(name: "NIOCore", package: "swift-nio") }
    static var nioHTTP1: Self { .product(name: "NIOHTTP1", package: "swift-nio") }
    static var nioPosix: Self { .product(name: "NIOPosix", package: "swift-nio") }
    static var serviceLifecycle: Self {
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    }
    static var unixSignals: Self {
        .product(name: "UnixSignals", package: "swift-service-lifecycle")
    }
    static var argumentParser: Self {
        .product(name: "ArgumentParser", package: "swift-argument-parser")
    }
    static var asyncHTTPClient: Self {
        .product(name: "AsyncHTTPClient", package: "async-http-client")
    }
}
