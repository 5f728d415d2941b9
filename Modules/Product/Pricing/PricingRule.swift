import Events
import Foundation
import Storage

/// Names a pricing rule.
struct PricingRuleID: Identifier, SQLConvertible {
    let uuid: UUID
    init(_ uuid: UUID) { self.uuid = uuid }
}

/// When the price of a piece differs from the list, and by how much.
struct PricingRule: Sendable, Hashable {
    let id: PricingRuleID
    var terms: Terms
    /// Counts up with every change.
    var version: Int64
    let createdAt: Date
    var updatedAt: Date

    /// What somebody decided.
    struct Terms: Sendable, Hashable {
        let name: String
        let scope: Scope
        let condition: Condition
        let adjustment: Adjustment
        /// The lowest is applied first; of two alike, the one that was made first.
        let priority: Int
        let isActive: Bool
    }

    /// What it is for.
    enum Scope: Sendable, Hashable {
        case all
        case product(ProductID)
        /// The products in the category of this slug, and in those below it.
        case category(String)
    }

    /// When it holds: both ends belong to the range; an end that is `nil` is open.
    struct Condition: Sendable, Hashable {
        let kind: Kind
        let from: Int?
        let to: Int?
    }

    enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Whole days from now to the beginning.
        case leadTime = "lead_time"
        /// Percent of the capacity that is sold or set aside.
        case occupancy
        /// Days of the beginning, of every year or of one; of today for what has no date.
        case season
        /// Pieces of the variant in one quote.
        case groupSize = "group_size"
    }

    enum Adjustment: Sendable, Hashable {
        /// Thousandths of the price so far; −100 takes a tenth away.
        case permille(Int)
        /// Of a price in the same currency; others stay.
        case amount(Money)
    }
}

/// What rules look at.
struct PricingSituation: Sendable, Hashable {
    /// `nil` for what has no date or has begun.
    let daysAhead: Int?
    let percentSold: Int
    let day: CalendarDay
    let quantity: Int
}

extension PricingRule.Condition {
    func holds(in situation: PricingSituation) -> Bool {
        switch kind {
        case .leadTime: situation.daysAhead.map(isWithin) ?? false
        case .occupancy: isWithin(situation.percentSold)
        case .groupSize: isWithin(situation.quantity)
        case .season: isInSeason(situation.day)
        }
    }

    private func isWithin(_ value: Int) -> Bool {
        (from.map { $0 <= value } ?? true) && (to.map { value <= $0 } ?? true)
    }

    /// A yearly season may go over the turn of the year.
    private func isInSeason(_ day: CalendarDay) -> Bool {
        guard let from, let to else { return false }
        guard from <= CalendarDay.yearlyMax else { return isWithin(day.number) }
        let number = day.yearlyNumber
        return from <= to ? (from...to).contains(number) : number >= from || number <= to
    }
}

/// A day of the Gregorian calendar in UTC.
struct CalendarDay: Sendable, Hashable {
    let year: Int
    let month: Int
    let day: Int

    /// The last day of any year, as a number.
    static let yearlyMax = 1_231

    private static let calendar: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()

    init(of date: Date) {
        let parts = Self.calendar.dateComponents([.year, .month, .day], from: date)
        (year, month, day) = (parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
    }

    /// 20261224.
    var number: Int { year * 10_000 + yearlyNumber }
    /// 1224.
    var yearlyNumber: Int { month * 100 + day }

    /// Reads `2026-12-24` or, for every year, `12-24`; `nil` for what is no day. 29 February is a
    /// day of every year.
    static func number(_ text: String) -> Int? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let lengths = parts.map(\.utf8.count)
        guard lengths == [2, 2] || lengths == [4, 2, 2],
            text.utf8.allSatisfy({ $0 == 0x2D || (0x30...0x39).contains($0) })
        else { return nil }
        let numbers = parts.compactMap { Int($0) }
        guard numbers.count == parts.count else { return nil }
        let leapYear = 2_000
        let year = numbers.count == 3 ? numbers[0] : leapYear
        let (month, day) = (numbers[numbers.count - 2], numbers[numbers.count - 1])
        let parsed = DateComponents(
            calendar: calendar, timeZone: .gmt, year: year, month: month, day: day)
        guard year >= 1_970, parsed.isValidDate else { return nil }
        return (numbers.count == 3 ? year * 10_000 : 0) + month * 100 + day
    }

    /// The text that ``number(_:)`` reads.
    static func text(_ number: Int) -> String {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let day = "\(two(number / 100 % 100))-\(two(number % 100))"
        return number > yearlyMax ? "\(number / 10_000)-\(day)" : day
    }
}
