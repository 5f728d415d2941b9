public import EventBus
public import Events
import Foundation
import PaymentContract
public import Platform
public import ServiceLifecycle
public import Settings
public import Storage
public import Web

/// Charges orders through a payment provider, gives money back, and reckons up.
public struct PaymentModule: Module {
    /// Stable: its database, `payment.events` and its consumers are called by it.
    public static let name = "payment"
    /// Who moves the money, how, and how often it is reckoned up.
    public static let settings: [any DeclaredSetting] = PaymentSettings.all
    /// How payments and refunds ended, what is not known of them, and notes of its own for later.
    public static let publishes: [any Event.Type] = [
        PaymentCompleted.self, PaymentAuthorized.self, PaymentVoided.self,
        PaymentOutcomeUnknown.self, PaymentRefunded.self, PaymentCheckDue.self,
    ]
    /// Payments with their ledgers and refunds, and the keys of idempotent requests.
    public static let migrations = [paymentMigrations, Idempotency.migrations]

    let payments: Payments
    let reconciliation: Reconciliation
    private let webhookSecret: String?
    private let reconcileInterval: Duration
    private let client: ProviderClient?

    /// Takes the provider that the settings name.
    ///
    /// - Throws: an error that says which setting is missing.
    public init(settings: Settings, platform: Platform) throws {
        switch settings[PaymentSettings.provider] {
        case .simulated:
            let simulated = SimulatedPaymentProvider(
                seed: settings[PaymentSettings.seed],
                successPercentage: settings[PaymentSettings.successPercentage],
                database: platform.database)
            self.init(
                settings: settings, platform: platform, client: nil,
                provider: Self.telling(simulated, settings, platform))
        case .http:
            let url = settings[PaymentSettings.url]
            guard !url.isEmpty else { throw PaymentSettingsError.noURL }
            let client = ProviderClient()
            self.init(
                settings: settings, platform: platform, client: client,
                provider: HTTPPaymentProvider(
                    url: url, apiKey: settings[PaymentSettings.apiKey],
                    timeout: settings[PaymentSettings.timeout], client: client))
        }
    }

    init(
        settings: Settings, platform: Platform, client: ProviderClient?,
        provider: any PaymentProvider
    ) {
        payments = Payments(
            provider: provider, policy: PaymentSettings.policy(settings), platform: platform)
        reconciliation = Reconciliation(
            database: platform.database, grace: settings[PaymentSettings.reconcileGrace],
            now: platform.now, logger: platform.logger)
        webhookSecret = settings[PaymentSettings.webhookSecret]
        reconcileInterval = settings[PaymentSettings.reconcileInterval]
        self.client = client
        PaymentMetrics.register(provider: provider.name)
    }

    /// The simulated provider tells some outcomes twice, by the way that webhooks go.
    private static func telling(
        _ provider: SimulatedPaymentProvider, _ settings: Settings, _ platform: Platform
    ) -> SimulatedPaymentProvider {
        let ledger = PaymentLedger(
            policy: PaymentSettings.policy(settings), outbox: platform.outbox, now: platform.now)
        var provider = provider
        provider.tell = { [database = platform.database] view in
            try await database.write { transaction in
                try ledger.take(view, from: .webhook, voidedFor: nil, in: transaction)
            }
        }
        return provider
    }

    /// Payments for those who look after them, and where the provider tells what happened.
    public var routes: [Route] {
        PaymentRoutes(payments: payments, idempotency: Idempotency(now: payments.now)).all
            + WebhookRoutes(payments: payments, secret: webhookSecret).all
    }

    /// Payments and refunds that are asked for, orders that end, bookings, and questions due.
    public var subscriptions: [Subscription] {
        [
            chargeSubscription, refundSubscription, settlementSubscription, checkSubscription,
            bookingSubscription,
        ]
    }

    /// The daily reckoning, and the connections to the provider.
    public var services: [any Service] {
        let reckoning: [any Service] =
            reconcileInterval > .zero
            ? [ReconciliationService(reconciliation: reconciliation, interval: reconcileInterval)]
            : []
        return [client].compactMap(\.self) + reckoning
    }

    /// Whether payments move money, and are not simulated.
    public static func movesMoney(_ settings: Settings) -> Bool {
        settings[PaymentSettings.provider] != .simulated
    }

    /// Reckons payments against bookings now; for the command line.
    ///
    /// - Throws: `StorageError`.
    public func reconcile() async throws -> ReconciliationReport {
        try await reconciliation.report()
    }
}

extension PaymentSettings {
    static func policy(_ settings: Settings) -> PaymentPolicy {
        PaymentPolicy(
            captureMode: settings[capture], authorizationLifetime: settings[authorizationLifetime])
    }
}
