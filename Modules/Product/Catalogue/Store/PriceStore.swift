import Events
import Foundation
import Storage

/// List prices as rows, those of the past included.
struct PriceStore: Sendable {
    /// One variant's price in one currency.
    struct Place: Sendable, Hashable {
        let variant: VariantID
        let currency: Currency
    }

    /// A price and when it held.
    struct Span: Sendable, Hashable {
        let amount: Int64
        let validFrom: Date
        /// `nil` while it holds.
        let validUntil: Date?
    }

    /// So many spans are told of a price, the newest.
    static let spanCountMax = 100
    /// How far back the law looks (directive 98/6/EC, article 6a).
    static let window = Duration.seconds(30 * 86_400)

    /// The prices that hold.
    func current(
        of ids: [VariantID], in transaction: Transaction
    ) throws -> [VariantID: [Money]] {
        guard !ids.isEmpty else { return [:] }
        let rows = try transaction.rows(
            """
            SELECT variant_id, amount, currency FROM variant_prices
            WHERE variant_id \(among: ids) ORDER BY variant_id, place
            """)
        return try rows.reduce(into: [:]) {
            $0[try $1.get("variant_id"), default: []].append(
                Money(amount: try $1.get("amount"), currency: try $1.get("currency")))
        }
    }

    /// The lowest of the prices that were in force at any time since then, the current one
    /// included, however long ago they were set.
    func lowest(
        of ids: [VariantID], since: Date, in transaction: Transaction
    ) throws -> [Place: Int64] {
        guard !ids.isEmpty else { return [:] }
        return try places(
            transaction.rows(
                """
                SELECT variant_id, currency, MIN(amount) AS amount FROM price_history
                WHERE variant_id \(among: ids)
                AND (valid_until IS NULL OR valid_until > \(since) AND valid_until > valid_from)
                GROUP BY variant_id, currency
                """))
    }

    /// The lowest of the prices that were in force at any time in the thirty days before the
    /// current one came; none where no price was.
    func lowestBeforeChange(
        of ids: [VariantID], in transaction: Transaction
    ) throws -> [Place: Int64] {
        guard !ids.isEmpty else { return [:] }
        return try places(
            transaction.rows(
                """
                SELECT h.variant_id, h.currency, MIN(h.amount) AS amount FROM price_history h
                JOIN price_history c ON c.variant_id = h.variant_id AND c.currency = h.currency
                    AND c.valid_until IS NULL
                WHERE h.variant_id \(among: ids)
                AND h.valid_until <= c.valid_from AND h.valid_until > h.valid_from
                AND h.valid_until >
                    \(only: .sqlite, "c.valid_from - 2592000000000")
                    \(only: .postgresql, "c.valid_from - interval '720 hours'")
                GROUP BY h.variant_id, h.currency
                """))
    }

    /// The spans of each price, newest first.
    func history(
        of ids: [VariantID], in transaction: Transaction
    ) throws -> [Place: [Span]] {
        guard !ids.isEmpty else { return [:] }
        let rows = try transaction.rows(
            """
            SELECT variant_id, currency, amount, valid_from, valid_until FROM (
                SELECT variant_id, currency, amount, valid_from, valid_until, id,
                    ROW_NUMBER() OVER (
                        PARTITION BY variant_id, currency ORDER BY valid_from DESC, id DESC
                    ) AS place
                FROM price_history WHERE variant_id \(among: ids)
                AND (valid_until IS NULL OR valid_until > valid_from)) AS spans
            WHERE place <= \(Self.spanCountMax) ORDER BY variant_id, currency, place
            """)
        return try rows.reduce(into: [:]) {
            let place = Place(
                variant: try $1.get("variant_id"), currency: try $1.get("currency"))
            $0[place, default: []].append(
                Span(
                    amount: try $1.get("amount"), validFrom: try $1.get("valid_from"),
                    validUntil: try $1.get("valid_until")))
        }
    }

    /// Puts the prices of a variant in the place of others, and keeps those.
    func replace(
        _ old: [Money], by new: [Money], of id: VariantID, at now: Date,
        in transaction: Transaction
    ) throws {
        guard old != new else { return }
        if !old.isEmpty {
            try transaction.execute("DELETE FROM variant_prices WHERE variant_id = \(id)")
        }
        for (place, price) in new.enumerated() {
            try transaction.execute(
                """
                INSERT INTO variant_prices (variant_id, currency, place, amount)
                VALUES (\(id), \(price.currency.rawValue), \(place), \(price.amount))
                """)
        }
        for price in old where !new.contains(price) {
            try transaction.execute(
                """
                UPDATE price_history SET valid_until = \(now)
                WHERE variant_id = \(id) AND currency = \(price.currency.rawValue)
                AND valid_until IS NULL
                """)
        }
        for price in new where !old.contains(price) {
            try transaction.execute(
                """
                INSERT INTO price_history (variant_id, currency, amount, valid_from)
                VALUES (\(id), \(price.currency.rawValue), \(price.amount), \(now))
                """)
        }
    }

    private func places(_ rows: [Row]) throws -> [Place: Int64] {
        try rows.reduce(into: [:]) {
            let place = Place(
                variant: try $1.get("variant_id"), currency: try $1.get("currency"))
            $0[place] = try $1.get("amount")
        }
    }
}
