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
import Web

@testable import Payment

let euro = Currency(rawValue: "EUR")!

extension Money {
    static func euros(_ amount: Int64) -> Money { Money(amount: amount, currency: euro) }
}

extension OrderPaymentRequested {
    static func sample(
        _ id: OrderID = OrderID(), of user: UserID = UserID(), amount: Int64 = 1_999,
        attempt: Int = 1, payBy: Date = TestTime().now + 900
    ) -> OrderPaymentRequested {
        OrderPaymentRequested(
            orderID: id, userID: user, attempt: attempt, amount: .euros(amount), payBy: payBy,
            requestedAt: TestTime().now)
    }

    var paymentID: PaymentID { PaymentID(of: orderID, attempt: attempt) }

    func refund(_ amount: Int64, _ id: RefundID = RefundID(), for reason: String = "cancelled")
        -> OrderRefundRequested
    {
        OrderRefundRequested(
            orderID: orderID, userID: userID, paymentID: paymentID, refundID: id,
            amount: .euros(amount), reason: reason, requestedAt: TestTime().now)
    }

    var cancelled: OrderCancelled {
        OrderCancelled(
            orderID: orderID, userID: userID, reason: "customer", fee: .euros(0),
            refund: .euros(0), cancelledAt: TestTime().now)
    }
}

extension ModuleHarness {
    func payment(_ id: PaymentID) async throws -> Payment {
        try #require(await database.read { try PaymentStore().find(id, in: $0) })
    }

    func ledger(_ id: PaymentID) async throws -> [LedgerEntry] {
        try await database.read { try PaymentStore().ledger(of: id, in: $0) }
    }

    func refund(_ id: RefundID) async throws -> Refund {
        try #require(await database.read { try RefundStore().find(id, in: $0) })
    }

    /// Makes sure that the row is what its ledger adds up to.
    func checkLedger(of id: PaymentID) async throws {
        let (row, entries) = try await (payment(id), ledger(id))
        var sum = Payment(
            id: row.id, orderID: row.orderID, attempt: row.attempt, userID: row.userID,
            amount: row.amount, provider: row.provider, createdAt: row.createdAt)
        for entry in entries {
            let stay = try sum.apply(entry.occurrence, at: entry.at)
            #expect(stay?.rawValue == entry.stay)
            #expect(sum.state == entry.state)
            #expect(sum.version == entry.number)
        }
        sum.reference = row.reference
        #expect(sum == row)
    }
}

/// A provider that does what a test says, and remembers what it was called for.
final class FakeProvider: PaymentProvider {
    enum Mood: Sendable {
        case fine
        /// Nothing reaches it.
        case away
        /// The charge is lost on its way there.
        case deaf
        /// The charge is made, and the answer is lost.
        case mute
        /// The charge is made, and the caller dies.
        case deadly
    }

    struct Death: Error {}

    private struct State {
        var mood = Mood.fine
        var status = ProviderPayment.Status.captured
        var known: [PaymentID: ProviderPayment] = [:]
        var charges: [PaymentID] = []
        var refunds: [RefundID] = []
        var questionCount = 0
    }

    let name = "simulated"
    private let state = Mutex(State())

    var mood: Mood {
        get { state.withLock { $0.mood } }
        set { state.withLock { $0.mood = newValue } }
    }
    var status: ProviderPayment.Status {
        get { state.withLock { $0.status } }
        set { state.withLock { $0.status = newValue } }
    }
    var charges: [PaymentID] { state.withLock { $0.charges } }
    var refunds: [RefundID] { state.withLock { $0.refunds } }
    var questionCount: Int { state.withLock { $0.questionCount } }

    func charge(_ charge: Charge) async throws -> ProviderPayment {
        try state.withLock { state in
            state.charges.append(charge.id)
            if state.mood == .away { throw ProviderMishap.notSent }
            if state.mood == .deaf { throw ProviderMishap.outcomeUnknown }
            var payment = ProviderPayment(
                id: charge.id, status: state.status, amount: charge.amount)
            if charge.mode == .manual { payment.status = .authorized }
            payment.capturedAmount = payment.status == .captured ? charge.amount.amount : 0
            state.known[charge.id] = payment
            return try Self.answer(payment, state.mood)
        }
    }

    func capture(_ payment: PaymentID, _ amount: Money) async throws -> ProviderPayment {
        try change(payment) {
            guard $0.status == .authorized else { return }
            $0.status = .captured
            $0.capturedAmount = amount.amount
        }
    }

    func void(_ payment: PaymentID) async throws -> ProviderPayment {
        try change(payment) { if $0.status == .authorized { $0.status = .voided } }
    }

    func refund(
        _ refund: RefundID, of payment: PaymentID, _ amount: Money
    ) async throws -> ProviderRefund {
        state.withLock { $0.refunds.append(refund) }
        let made = ProviderRefund(id: refund, amount: amount.amount, status: .completed)
        _ = try change(payment) { payment in
            if !payment.refunds.contains(where: { $0.id == refund }) {
                payment.refunds.append(made)
            }
        }
        return made
    }

    func status(of payment: PaymentID) async throws -> ProviderPayment? {
        try state.withLock { state in
            state.questionCount += 1
            if state.mood == .away { throw ProviderMishap.notSent }
            return state.known[payment]
        }
    }

    private func change(
        _ payment: PaymentID, _ change: (inout ProviderPayment) -> Void
    ) throws -> ProviderPayment {
        try state.withLock { state in
            if state.mood == .away { throw ProviderMishap.notSent }
            guard state.mood != .deaf, var known = state.known[payment] else {
                throw ProviderMishap.outcomeUnknown
            }
            change(&known)
            state.known[payment] = known
            return try Self.answer(known, state.mood)
        }
    }

    private static func answer(_ payment: ProviderPayment, _ mood: Mood) throws -> ProviderPayment {
        switch mood {
        case .fine: return payment
        case .away: throw ProviderMishap.notSent
        case .deaf, .mute: throw ProviderMishap.outcomeUnknown
        case .deadly: throw Death()
        }
    }
}

/// Payment with a provider that does what a test says.
struct FakePaymentModule: Module {
    static let name = PaymentModule.name
    static let settings = PaymentModule.settings
    static let publishes = PaymentModule.publishes
    static let migrations = PaymentModule.migrations

    let provider = FakeProvider()
    let payment: PaymentModule

    init(settings: Settings, platform: Platform) {
        payment = PaymentModule(
            settings: settings, platform: platform, client: nil, provider: provider)
    }

    var subscriptions: [Subscription] { payment.subscriptions }
    var routes: [Route] { payment.routes }
}
