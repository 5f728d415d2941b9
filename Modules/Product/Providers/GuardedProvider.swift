import Events
import Logging
import Metrics
import Platform
import Synchronization

/// A provider that is not asked while it fails, nor by too many at once.
///
/// A class around a `Mutex`: the critical sections are short and hold no `await`.
final class GuardedProvider: Sendable {
    private enum Fate: String, CaseIterable {
        case answered
        case failed
        case timedOut = "timed_out"
        /// Its circuit is open, or too many ask it already.
        case notAsked = "not_asked"
    }

    private struct State {
        var circuit: Circuit
        var askingCount = 0
    }

    private let provider: any OfferProvider
    private let settings: ProviderSettings
    private let logger: Logger
    private let instant: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<State>

    init(
        _ provider: any OfferProvider, settings: ProviderSettings, logger: Logger,
        instant: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.provider = provider
        self.settings = settings
        self.logger = logger
        self.instant = instant
        state = Mutex(State(circuit: Circuit(settings.circuit)))
        // Makes every series, so that the first failure is an increase.
        for fate in Fate.allCases { count(fate, by: 0) }
        record(.closed)
    }

    var name: String { provider.name }

    /// What it has for a product; `nil` when it has no answer in time, or is not asked.
    func offers(for product: ProductID) async -> [Offer]? {
        guard admit() else {
            count(.notAsked)
            return nil
        }
        do {
            let provider = provider
            let offers = try await withTimeLimit(settings.timeout) {
                try await provider.offers(for: product)
            }
            end { circuit, _ in circuit.succeeded() }
            count(.answered)
            return offers
        } catch  where Task.isCancelled {
            // Whoever asked has gone; that says nothing about the provider.
            end { circuit, _ in circuit.abandoned() }
            return nil
        } catch {
            end { circuit, now in circuit.failed(at: now) }
            count(error is TimedOut ? .timedOut : .failed)
            logger.warning(
                "a provider gave no offers", error: error, metadata: ["provider": "\(name)"])
            return nil
        }
    }

    private func admit() -> Bool {
        let now = instant()
        let (isAdmitted, circuit) = state.withLock { state in
            guard state.askingCount < settings.concurrency,
                case .yes = state.circuit.admit(at: now)
            else { return (false, state.circuit.state) }
            state.askingCount += 1
            return (true, state.circuit.state)
        }
        record(circuit)
        return isAdmitted
    }

    private func end(
        _ change: @Sendable (inout Circuit, ContinuousClock.Instant) -> Void
    ) {
        let now = instant()
        let circuit = state.withLock { state in
            state.askingCount -= 1
            change(&state.circuit, now)
            return state.circuit.state
        }
        record(circuit)
    }

    private func count(_ fate: Fate, by number: Int = 1) {
        Counter(
            label: "flotilla.product.provider_requests",
            dimensions: [("provider", name), ("outcome", fate.rawValue)]
        ).increment(by: number)
    }

    private func record(_ circuit: Circuit.State) {
        let number =
            switch circuit {
            case .closed: 0
            case .halfOpen: 1
            case .open: 2
            }
        Meter(
            label: "flotilla.product.provider_circuit_state", dimensions: [("provider", name)]
        ).set(number)
    }
}
