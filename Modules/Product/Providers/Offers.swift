import Events
import Foundation
import Logging
import Platform
import Storage

/// What others offer for our products: asked for when it is wanted, remembered for when they fail.
struct Offers: Sendable {
    private let database: Database
    private let logger: Logger
    private let now: @Sendable () -> Date
    private let settings: ProviderSettings
    private let providers: [GuardedProvider]
    private let store = ProviderAnswerStore()

    /// - Parameter instant: the time that circuits go by.
    init(
        _ providers: [any OfferProvider], settings: ProviderSettings, platform: Platform,
        instant: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        database = platform.database
        logger = platform.logger
        now = platform.now
        self.settings = settings
        self.providers = providers.map {
            GuardedProvider(
                $0, settings: settings, logger: platform.logger, instant: instant)
        }
    }

    /// What each provider has for a product, in the order of the configuration; `nil` when there
    /// is no such product. Takes as long as the slowest provider may, however many there are.
    ///
    /// - Throws: `StorageError`; `CancellationError`.
    func all(for product: ProductID) async throws -> [ProviderOffers]? {
        let askedAt = now()
        let stored = try await database.read { [store] transaction in
            try store.isShown(product, in: transaction)
                ? store.answers(about: product, in: transaction) : nil
        }
        guard let stored else { return nil }
        let isDue = { (provider: GuardedProvider) in
            stored[provider.name].map { age(of: $0, at: askedAt) >= settings.freshFor } ?? true
        }
        let answers = await ask(providers.filter(isDue), about: product, at: askedAt)
        try Task.checkCancellation()
        await keep(answers, about: product)
        let known = stored.merging(answers) { _, new in new }
        return providers.map { provider in
            present(known[provider.name], of: provider.name, at: askedAt)
        }
    }

    private func ask(
        _ providers: [GuardedProvider], about product: ProductID, at askedAt: Date
    ) async -> [String: ProviderAnswer] {
        await withTaskGroup(of: ProviderAnswer?.self) { group in
            for provider in providers {
                group.addTask(name: "ask \(provider.name)") {
                    await provider.offers(for: product).map {
                        ProviderAnswer(provider: provider.name, offers: $0, asOf: askedAt)
                    }
                }
            }
            return await group.reduce(into: [:]) { answers, answer in
                if let answer { answers[answer.provider] = answer }
            }
        }
    }

    /// An answer that can't be kept is given all the same: it is only missed when the provider
    /// fails.
    private func keep(_ answers: [String: ProviderAnswer], about product: ProductID) async {
        guard !answers.isEmpty else { return }
        do {
            try await database.write { [store] transaction in
                // In one order, so that two who keep the same ones do not wait for each other.
                for (_, answer) in answers.sorted(by: { $0.key < $1.key }) {
                    try store.put(answer, about: product, in: transaction)
                }
            }
        } catch {
            logger.warning("offers were not kept", error: error)
        }
    }

    private func present(
        _ answer: ProviderAnswer?, of provider: String, at now: Date
    ) -> ProviderOffers {
        guard let answer, age(of: answer, at: now) <= max(settings.freshFor, settings.staleFor)
        else { return ProviderOffers(provider: provider, answer: nil, isStale: false, age: .zero) }
        let age = age(of: answer, at: now)
        let valid = ProviderAnswer(
            provider: provider, offers: answer.offers.filter { $0.isValid(at: now) },
            asOf: answer.asOf)
        let isStale = age > .zero && age >= settings.freshFor
        return ProviderOffers(provider: provider, answer: valid, isStale: isStale, age: age)
    }

    /// Not below zero, though another process with a faster clock may have asked.
    private func age(of answer: ProviderAnswer, at now: Date) -> Duration {
        .seconds(max(0, now.timeIntervalSince(answer.asOf)))
    }
}

/// What is shown of a provider.
struct ProviderOffers: Sendable {
    let provider: String
    /// `nil` when it fails and there is no earlier answer that may still be shown.
    let answer: ProviderAnswer?
    /// Whether the answer is an earlier one than would have been wanted.
    let isStale: Bool
    let age: Duration
}
