import EventBus
import Events
import FlotillaTesting
import Foundation
import Logging
import Platform
import Settings
import Synchronization
import Testing

@testable import Product

@Suite(.serialized, .timeLimit(.minutes(3))) struct `Sparing a provider that fails` {
    /// A provider that answers as it is told, and counts how often it was asked.
    private final class Supplier: OfferProvider {
        enum Mood { case well, broken, hanging }

        private struct Failure: Error {}

        let name = "hotels"
        private let state = Mutex((mood: Mood.well, count: 0))

        var count: Int { state.withLock { $0.count } }

        func become(_ mood: Mood) { state.withLock { $0.mood = mood } }

        func offers(for product: ProductID) async throws -> [Offer] {
            let mood = state.withLock { state in
                state.count += 1
                return state.mood
            }
            switch mood {
            case .well: return []
            case .broken: throw Failure()
            case .hanging:
                try await Task.sleep(for: .seconds(600))
                return []
            }
        }
    }

    /// Time for circuits, which stands still until it is told.
    private final class Uptime: Sendable {
        private let start = ContinuousClock.now
        private let passed = Mutex(Duration.zero)

        var now: ContinuousClock.Instant { start + passed.withLock { $0 } }

        func advance(by duration: Duration) { passed.withLock { $0 += duration } }
    }

    private let supplier = Supplier()
    private let uptime = Uptime()
    private let product = CatalogueFixture()

    private func offers(
        _ harness: ModuleHarness<ProductModule>, _ flags: [String: String] = [:]
    ) async throws -> Offers {
        try await harness.insert(product)
        let settings = try Settings.load(
            file: nil,
            flags: [
                "product.providers.circuit.failures": "3", "product.providers.circuit.pause": "5s",
                "product.providers.freshFor": "0s",
            ].merging(flags) { _, flag in flag },
            environment: [:], catalogue: SettingsCatalogue(ProviderSettings.declared))
        return Offers(
            [supplier], settings: ProviderSettings(settings),
            platform: Platform(
                module: "product", database: harness.database,
                outbox: .unheard(module: "product"), now: { harness.time.now }),
            instant: { [uptime] in uptime.now })
    }

    @Test func `opens its circuit after failures in a row, and closes it with one success`()
        async throws
    {
        let harness = try await ModuleHarness(ProductModule.self)
        let offers = try await offers(harness)
        func ask() async throws -> ProviderOffers {
            harness.time.advance(by: .seconds(1))
            return try #require(try await offers.all(for: product.id)).first!
        }
        #expect(try await ask().isStale == false)
        supplier.become(.broken)
        for _ in 1...3 { #expect(try await ask().isStale) }
        #expect(supplier.count == 4)
        for _ in 1...5 { #expect(try await ask().isStale) }
        #expect(supplier.count == 4)

        // One tries after the pause, and fails.
        uptime.advance(by: .seconds(5))
        for _ in 1...2 { #expect(try await ask().isStale) }
        #expect(supplier.count == 5)

        supplier.become(.well)
        uptime.advance(by: .seconds(5))
        for _ in 1...3 { #expect(try await ask().isStale == false) }
        #expect(supplier.count == 8)
    }

    @Test func `sends it no more at once than it may`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let offers = try await offers(
            harness,
            ["product.providers.concurrency": "2", "product.providers.timeout": "250ms"])
        supplier.become(.hanging)
        let product = product.id
        let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 1...20 {
                group.addTask { try await offers.all(for: product)?.first?.answer == nil }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 20)
        #expect(answers.allSatisfy { $0 })
        #expect(supplier.count <= 3)
    }

    @Test func `does not hold it against a provider that a client went away`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let offers = try await offers(harness, ["product.providers.circuit.failures": "1"])
        supplier.become(.hanging)
        let product = product.id
        let task = Task { try await offers.all(for: product) }
        while supplier.count == 0 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        supplier.become(.well)
        #expect(try await offers.all(for: product)?.first?.answer != nil)
    }
}
