public import EventBus
public import Events
import Foundation
import PaymentContract
public import Platform
public import Settings
public import Storage

/// Charges orders through a payment provider.
public struct PaymentModule: Module {
    public static let name = "payment"
    public static let settings: [any DeclaredSetting] = [seed]
    public static let publishes: [any Event.Type] = [PaymentCompleted.self]
    public static let migrations = [paymentMigrations]

    private static let seed = Setting<String>.string(
        "payment.simulated.seed", default: "flotilla",
        "What the simulated provider draws its answers from; one seed, one set of answers.")

    let provider: any PaymentProvider
    let store = PaymentStore()
    let outbox: Outbox
    let now: @Sendable () -> Date

    public init(settings: Settings, platform: Platform) {
        provider = SimulatedPaymentProvider(seed: settings[Self.seed])
        outbox = platform.outbox
        now = platform.now
    }

    public var subscriptions: [Subscription] { [chargeSubscription] }
}
