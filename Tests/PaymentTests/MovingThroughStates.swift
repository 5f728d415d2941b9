import Events
import Foundation
import Testing

@testable import Payment

@Suite struct `Moving a payment through its states` {
    private static let now = Date(timeIntervalSince1970: 1_767_268_800)

    private static func payment() -> Payment {
        Payment(
            id: PaymentID(), orderID: OrderID(), attempt: 1, userID: UserID(),
            amount: .euros(1_000), provider: "simulated", createdAt: now)
    }

    private static func occurrence(_ dice: inout SplitMix64) -> PaymentOccurrence {
        let amount = Int64.random(in: 1...1_200, using: &dice)
        switch PaymentOccurrence.Kind.allCases.randomElement(using: &dice)! {
        case .started: return .started
        case .notSent: return .notSent
        case .authorized: return .authorized(amount: 1_000, until: nil)
        case .captured: return .captured(amount: amount)
        case .declined: return .declined(.cardDeclined)
        case .unknown: return .unknown
        case .captureSent: return .captureSent(amount: amount)
        case .voided: return .voided(.administrator)
        case .expired: return .expired
        case .refundStarted: return .refundStarted(RefundID(), amount: amount)
        case .refunded: return .refunded(RefundID(), amount: amount)
        case .refundFailed: return .refundFailed(RefundID(), amount: amount, .cardDeclined)
        }
    }

    @Test(arguments: 0..<200) func `keeps its sums whatever happens`(seed: UInt64) throws {
        var dice = SplitMix64(seed: seed)
        var payment = Self.payment()
        for _ in 0..<100 {
            let before = payment
            let occurrence = Self.occurrence(&dice)
            do {
                let stay = try payment.apply(occurrence, at: Self.now)
                if stay != nil {
                    var same = before
                    same.version += 1
                    #expect(payment == same)
                }
                #expect(payment.version == before.version + 1)
            } catch {
                #expect(payment == before)
            }
            #expect(payment.refundedAmount + payment.refundingAmount <= payment.capturedAmount)
            #expect(payment.refundedAmount >= before.refundedAmount)
            #expect(payment.refundingAmount >= 0)
            #expect((payment.state == .refunding) == (payment.refundingAmount > 0))
            #expect(
                (payment.state == .refunded)
                    == (payment.capturedAmount > 0
                        && payment.refundedAmount == payment.capturedAmount))
            #expect((payment.state == .failed) <= (payment.failure != nil))
        }
    }

    @Test(arguments: PaymentState.allCases) func `never lets go of money that was taken`(
        state: PaymentState
    ) {
        let taken: Set<PaymentState> = [.completed, .refunding, .partiallyRefunded, .refunded]
        for kind in PaymentOccurrence.Kind.allCases {
            guard case .goes(let next) = state.verdict(on: kind) else { continue }
            #expect(!taken.contains(state), "\(state) on \(kind)")
            #expect(next != .initiated || state == .processing)
        }
        if case .goes(let next) = state.verdict(on: .captured) {
            #expect(next == .completed)
        } else {
            #expect(taken.contains(state))
        }
    }

    @Test func `leaves what is unknown only by what the provider says`() {
        let ways = PaymentOccurrence.Kind.allCases.filter {
            if case .goes = PaymentState.unknown.verdict(on: $0) { true } else { false }
        }
        #expect(Set(ways) == [.authorized, .captured, .declined, .voided, .expired])
    }

    @Test func `asks ever less often, and not for ever`() {
        let delays = (1...CheckSchedule.roundCountMax).compactMap {
            CheckSchedule.delay(before: $0)
        }
        #expect(delays.count == CheckSchedule.roundCountMax)
        #expect(
            delays.prefix(5) == [
                .seconds(10), .seconds(30), .seconds(120), .seconds(600), .seconds(3_600),
            ])
        #expect(delays == delays.sorted())
        #expect(CheckSchedule.delay(before: CheckSchedule.roundCountMax + 1) == nil)
    }
}

extension Bool {
    /// Implies.
    fileprivate static func <= (left: Bool, right: Bool) -> Bool { !left || right }
}
