import EventBus
import Events
import FlotillaTesting
import Foundation
import OrderContract
import PaymentContract
import Platform
import Settings
import Storage
import Synchronization
import Testing

@testable import Payment

/// A provider that can be away, and remembers whom it charged how often.
private final class FickleProvider: PaymentProvider {
    private struct State {
        var isAway = false
        var calls: [PaymentID] = []
    }

    private let state = Mutex(State())

    var isAway: Bool {
        get { state.withLock { $0.isAway } }
        set { state.withLock { $0.isAway = newValue } }
    }

    var calls: [PaymentID] { state.withLock { $0.calls } }

    func charge(_ payment: PaymentID, _ amount: Money) throws -> ChargeResult {
        let isAway = state.withLock {
            $0.calls.append(payment)
            return $0.isAway
        }
        if isAway { throw Away() }
        return .completed
    }

    struct Away: Error {}
}

/// Payment with a provider that a test can take away.
private struct FicklePaymentModule: Module {
    static let name = PaymentModule.name
    static let publishes = PaymentModule.publishes
    static let migrations = PaymentModule.migrations

    let provider = FickleProvider()
    private let payment: PaymentModule

    init(settings: Settings, platform: Platform) {
        payment = PaymentModule(provider: provider, platform: platform)
    }

    var subscriptions: [Subscription] { payment.subscriptions }
}

@Suite(.serialized) struct `Losing the provider` {
    private let patience = RetryPolicy(
        attemptCountMax: 4, initialDelay: .seconds(1), delayMax: .seconds(60))

    @Test func `waits and charges under the same id when it is back`() async throws {
        let harness = try await ModuleHarness(FicklePaymentModule.self, retry: patience)
        let order = OrderCreated.sample()
        harness.module.provider.isAway = true
        try await harness.publish(order)
        try await harness.settle()
        #expect(try await harness.published(PaymentCompleted.self).isEmpty)
        #expect(try await harness.parked(at: "payment.charge").map(\.state) == ["retrying"])
        harness.module.provider.isAway = false
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        let completed = try await harness.published(PaymentCompleted.self)
        #expect(completed.map(\.orderID) == [order.orderID])
        let id = PaymentID(of: order.orderID)
        #expect(harness.module.provider.calls == [id, id])
    }

    @Test func `leaves a dead letter, and the order pending, when it stays away`() async throws {
        let harness = try await ModuleHarness(FicklePaymentModule.self, retry: patience)
        harness.module.provider.isAway = true
        try await harness.publish(OrderCreated.sample())
        for _ in 0..<10 {
            try await harness.settle()
            harness.time.advance(by: .seconds(60))
        }
        #expect(try await harness.parked(at: "payment.charge").map(\.state) == ["dead"])
        #expect(harness.module.provider.calls.count == 4)
        #expect(try await harness.published(PaymentCompleted.self).isEmpty)
    }
}
