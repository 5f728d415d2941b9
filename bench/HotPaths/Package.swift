// swift-tools-version: 6.2
import PackageDescription

// Apart from the main package, so that nobody who builds Flotilla needs the benchmarking library.

let package = Package(
    name: "hot-paths",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "flotilla", path: "../.."),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/ordo-one/benchmark.git", from: "1.38.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "HotPaths",
            dependencies: [
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "FlotillaKernel", package: "flotilla"),
            ],
            path: "Benchmarks/HotPaths",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
    ]
)
