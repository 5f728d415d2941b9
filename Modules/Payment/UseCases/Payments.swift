import EventBus
import Events
import Foundation
import Logging
import PaymentContract
import Platform
import Storage

/// Everything that is done with payments.
struct Payments: Sendable {
    let provider: any PaymentProvider
    let policy: PaymentPolicy
    let ledger: PaymentLedger
    let database: Database
    let outbox: Outbox
    let now: @Sendable () -> Date
    /// For what expires.
    let sharedNow: @Sendable (Transaction) throws -> Date
    let logger: Logger

    init(provider: any PaymentProvider, policy: PaymentPolicy, platform: Platform) {
        self.provider = provider
        self.policy = policy
        ledger = PaymentLedger(policy: policy, outbox: platform.outbox, now: platform.now)
        database = platform.database
        outbox = platform.outbox
        now = platform.now
        sharedNow = platform.sharedNow
        logger = platform.logger
    }

    var store: PaymentStore { ledger.store }
    var refunds: RefundStore { ledger.refunds }
    var notes: NoteStore { ledger.notes }
}

/// How money is taken.
struct PaymentPolicy: Sendable {
    var captureMode = CaptureMode.automatic
    /// How long money stays set aside where the provider does not say.
    var authorizationLifetime = Duration.seconds(7 * 86_400)
}
