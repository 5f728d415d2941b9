import Events
import Foundation

/// How much of a price the house keeps when a paid order is cancelled: the later, the more.
struct CancellationFees: Sendable, Hashable {
    private struct Step: Hashable {
        let dayCount: Int
        let percent: Int
    }

    /// From the most days to the fewest.
    private let steps: [Step]

    /// Free until two weeks before, half until two days before, all of it after.
    static let standardText = "14d=0,2d=50,0d=100"

    /// Nothing is kept.
    static let free = CancellationFees(steps: [])

    private init(steps: [Step]) { self.steps = steps }

    /// Reads `14d=0,2d=50,0d=100`: from so many days before the beginning, so many per cent.
    init?(_ text: String) {
        var steps: [Step] = []
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = entry.split(separator: "=", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard sides.count == 2, sides[0].hasSuffix("d"),
                let dayCount = Int(sides[0].dropLast()), (0...3_650).contains(dayCount),
                let percent = Int(sides[1]), (0...100).contains(percent),
                !steps.contains(where: { $0.dayCount == dayCount })
            else { return nil }
            steps.append(Step(dayCount: dayCount, percent: percent))
        }
        self.steps = steps.sorted { $0.dayCount > $1.dayCount }
    }

    /// What is kept of a total. What has no beginning can be cancelled for nothing.
    func fee(of total: Money, startsAt: Date?, at now: Date) -> Money {
        guard let startsAt, let last = steps.last else {
            return Money(amount: 0, currency: total.currency)
        }
        let left = startsAt.timeIntervalSince(now)
        let step = steps.first { left >= Double($0.dayCount) * 86_400 } ?? last
        return Money(
            amount: Self.share(of: total.amount, percent: step.percent),
            currency: total.currency)
    }

    /// Halves go to the even neighbour. Totals are below 2^53, so the product fits.
    private static func share(of amount: Int64, percent: Int) -> Int64 {
        let (quotient, rest) = (amount * Int64(percent)).quotientAndRemainder(dividingBy: 100)
        let isRoundedUp = rest > 50 || (rest == 50 && !quotient.isMultiple(of: 2))
        return quotient + (isRoundedUp ? 1 : 0)
    }
}
