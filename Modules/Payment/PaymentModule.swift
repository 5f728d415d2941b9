public import EventBus
public import Events
import Foundation
import PaymentContract
public import Platform
public import Settings
public import Storage

/// Charges orders through a payment provider.
public struct PaymentModule: Module {
    /// Stable: its database, `payment.events` and `payment.charge` are called by it.
    public static let name = "payment"
    /// The seed of the simulated provider.
    public static let settings: [any DeclaredSetting] = [seed]
    /// How a payment ended.
    public static let publishes: [any Event.Type] = [PaymentCompleted.self]
    /// Payments, one for each order.
    public static let migrations = [paymentMigrations]

    private static let seed = Setting<String>.string(
        "payment.simulated.seed", default: "flotilla",
        "What the simulated provider draws its answers from; one seed, one set of answers.")

    let provider: any PaymentProvider
    let store = PaymentStore()
    let outbox: Outbox
    let now: @Sendable () -> Date

    /// Takes the simulated provider, the only one so far.
    public init(settings: Settings, platform: Platform) {
        self.init(
            provider: SimulatedPaymentProvider(seed: settings[Self.seed]), platform: platform)
    }

    init(provider: any PaymentProvider, platform: Platform) {
        self.provider = provider
        outbox = platform.outbox
        now = platform.now
    }

    /// New orders, which `payment.charge` charges.
    public var subscriptions: [Subscription] { [chargeSubscription] }
}
