import Events
import FlotillaTesting
import Testing

private let euro = Currency(rawValue: "EUR")!
private let dollar = Currency(rawValue: "USD")!

private func euros(_ amount: Int64) -> Money { Money(amount: amount, currency: euro) }

@Suite struct `Reckoning money` {
    @Test func `keeps to one currency`() {
        let other = Money(amount: 1, currency: dollar)
        #expect(euros(1).adding(other) == nil)
        #expect(euros(1).subtracting(other) == nil)
        #expect([euros(1), other].sum(in: euro) == nil)
        #expect(!euros(0).isLess(than: other))
        #expect(!euros(0).isAtMost(other))
    }

    @Test func `keeps to what fits`() {
        #expect(euros(.max).adding(euros(1)) == nil)
        #expect(euros(.max).adding(euros(0)) == euros(.max))
        #expect(euros(.min).subtracting(euros(1)) == nil)
        #expect(euros(-1).subtracting(euros(.min)) == euros(.max))
        #expect(euros(0).subtracting(euros(.min)) == nil)
        #expect(euros(.min).negated == nil)
        #expect(euros(.max).negated == euros(-.max))
        #expect(euros(9_200_000_000_000_000_000).times(2) == nil)
        #expect(euros(3).times(-2) == euros(-6))
        #expect([euros(.max), euros(1)].sum(in: euro) == nil)
        #expect([euros(.max), euros(1), euros(-1)].sum(in: euro) == euros(.max))
    }

    @Test func `compares within a currency`() {
        #expect(euros(1).isLess(than: euros(2)))
        #expect(!euros(2).isLess(than: euros(2)))
        #expect(euros(2).isAtMost(euros(2)))
        #expect(!euros(3).isAtMost(euros(2)))
        #expect(Money.zero(euro).isZero)
        #expect(!euros(-1).isZero)
    }

    @Test func `adds nothing up to nothing`() {
        #expect([Money]().sum(in: dollar) == .zero(dollar))
    }

    @Test func `finds the same sum in any order, and takes it apart again`() throws {
        var random = SeededRandom(seed: 71)
        for _ in 0..<500 {
            let amounts = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                euros(.random(in: -9_200_000_000_000_000_000...(.max), using: &random) / 9)
            }
            let sum = try #require(amounts.sum(in: euro))
            #expect(amounts.shuffled(using: &random).sum(in: euro) == sum)
            let rest = amounts.dropFirst().reduce(sum) { $0?.subtracting($1) }
            #expect(rest == amounts[0])
        }
    }
}

@Suite struct `Taking a share of money` {
    @Test(
        arguments: [
            (5, 0, 1), (15, 2, 2), (25, 2, 3), (35, 4, 4), (-5, 0, -1), (-15, -2, -2),
            (-25, -2, -3), (4, 0, 0), (6, 1, 1), (16, 2, 2), (26, 3, 3), (-26, -3, -3),
        ] as [(Int64, Int64, Int64)])
    func `rounds half a unit to even, or away from zero`(
        amount: Int64, even: Int64, up: Int64
    ) {
        #expect(euros(amount).multiplied(by: 1, over: 10) == euros(even))
        #expect(euros(amount).multiplied(by: 1, over: 10, rounding: .halfUp) == euros(up))
    }

    @Test func `takes percent`() {
        #expect(euros(1_999).percent(15) == euros(300))
        #expect(euros(1_990).percent(15) == euros(298))
        #expect(euros(1_990).percent(15, rounding: .halfUp) == euros(299))
        #expect(euros(1_999).percent(0) == euros(0))
        #expect(euros(1_999).percent(100) == euros(1_999))
        #expect(euros(1_999).percent(250) == euros(4_998))
        #expect(euros(-100).percent(50) == euros(-50))
    }

    @Test func `loses nothing on the way, and refuses what does not fit in the end`() {
        #expect(euros(.max).multiplied(by: .max, over: .max) == euros(.max))
        #expect(euros(.min).multiplied(by: .max, over: .max) == euros(.min))
        #expect(euros(.min).multiplied(by: .min, over: .max) == nil)
        #expect(euros(.max).percent(101) == nil)
        #expect(euros(.min).percent(-100) == nil)
        #expect(euros(1).multiplied(by: 1, over: 0) == nil)
        #expect(euros(1).multiplied(by: 1, over: -1) == nil)
    }

    @Test(arguments: Rounding.allCases)
    func `is never further from the exact share than half a unit`(rounding: Rounding) throws {
        var random = SeededRandom(seed: 72)
        for _ in 0..<2_000 {
            let amount = Int64.random(in: .min...(.max), using: &random)
            let denominator = Int64.random(in: 1...(.max), using: &random)
            let numerator = Int64.random(in: -denominator...denominator, using: &random)
            let share = try #require(
                euros(amount).multiplied(by: numerator, over: denominator, rounding: rounding))
            let distance =
                Int128(share.amount) * Int128(denominator) - Int128(amount) * Int128(numerator)
            #expect(distance.magnitude * 2 <= UInt128(denominator))
        }
    }
}

@Suite struct `Sharing money out` {
    @Test func `gives what is left over to those that were cut most`() {
        #expect(euros(100).split(into: 3) == [euros(34), euros(33), euros(33)])
        #expect(euros(-100).split(into: 3) == [euros(-34), euros(-33), euros(-33)])
        #expect(euros(2).split(into: 3) == [euros(1), euros(1), euros(0)])
        #expect(euros(101).allocated(by: [0, 1, 0, 2]) == [0, 34, 0, 67].map(euros))
        #expect(euros(10).allocated(by: [3, 3, 1]) == [euros(4), euros(4), euros(2)])
        #expect(euros(0).allocated(by: [1, 2]) == [euros(0), euros(0)])
    }

    @Test func `is refused without a weight`() {
        #expect(euros(1).allocated(by: []) == nil)
        #expect(euros(1).allocated(by: [0, 0]) == nil)
        #expect(euros(1).allocated(by: [2, -1]) == nil)
        #expect(euros(1).split(into: 0) == nil)
        #expect(euros(1).split(into: -1) == nil)
    }

    @Test func `adds up exactly for any amount and weights`() throws {
        var random = SeededRandom(seed: 73)
        for round in 0..<2_000 {
            let most = round.isMultiple(of: 2) ? 100 : Int.max
            let weights = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                Bool.random(using: &random) ? Int.random(in: 0...most, using: &random) : 0
            }
            let whole = euros(
                round.isMultiple(of: 3)
                    ? .random(in: -50...50, using: &random)
                    : .random(in: .min...(.max), using: &random))
            guard weights.contains(where: { $0 > 0 }) else { continue }
            let shares = try #require(whole.allocated(by: weights))
            #expect(shares.count == weights.count)
            #expect(shares.sum(in: euro) == whole)
            let sum = weights.reduce(Int128(0)) { $0 + Int128($1) }
            for (share, weight) in zip(shares, weights) {
                let distance = Int128(share.amount) * sum - Int128(whole.amount) * Int128(weight)
                #expect(distance.magnitude < sum.magnitude)
                if weight == 0 { #expect(share.isZero) }
            }
        }
    }

    @Test func `never gives back more than was taken, refund by refund`() throws {
        var random = SeededRandom(seed: 74)
        for _ in 0..<500 {
            let captured = euros(.random(in: 1...9_200_000_000_000_000_000, using: &random))
            let lines = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                Int.random(in: 1...1_000, using: &random)
            }
            var refunded = Money.zero(euro)
            for refund in try #require(captured.allocated(by: lines)).shuffled(using: &random) {
                let next = try #require(refunded.adding(refund))
                #expect(next.isAtMost(captured))
                refunded = next
            }
            #expect(refunded == captured)
            #expect(captured.subtracting(refunded) == .zero(euro))
        }
    }
}
