import Events
import Foundation
import Storage
import UserContract

/// What orders know of users, as rows.
///
/// Each part keeps the time of the newest event that was applied to it: what is older and comes
/// later, or again, changes nothing.
struct CustomerStore: Sendable {
    /// Forgets who can be learned again; the marks of the deleted stay.
    func clear(in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM customer_addresses")
        try transaction.execute("DELETE FROM customer_address_ends")
        try transaction.execute("DELETE FROM customers WHERE deleted_at IS NULL")
    }

    func setEmail(
        _ email: String, of id: UserID, at time: Date, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO customers (user_id, email, first_name, last_name, email_at)
            VALUES (\(id), \(email), '', '', \(time))
            ON CONFLICT (user_id) DO UPDATE
            SET email = excluded.email, email_at = excluded.email_at
            WHERE customers.deleted_at IS NULL
                AND (customers.email_at IS NULL OR customers.email_at <= excluded.email_at)
            """)
    }

    func rename(
        _ id: UserID, firstName: String, lastName: String, at time: Date,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO customers (user_id, email, first_name, last_name, name_at)
            VALUES (\(id), '', \(firstName), \(lastName), \(time))
            ON CONFLICT (user_id) DO UPDATE
            SET first_name = excluded.first_name, last_name = excluded.last_name,
                name_at = excluded.name_at
            WHERE customers.deleted_at IS NULL
                AND (customers.name_at IS NULL OR customers.name_at <= excluded.name_at)
            """)
    }

    /// Makes sure of a customer who was not deleted, and that a deletion at the same moment and
    /// this transaction see each other.
    ///
    /// - Returns: `false` when they were deleted.
    func hold(_ id: UserID, in transaction: Transaction) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                INSERT INTO customers (user_id, email, first_name, last_name)
                VALUES (\(id), '', '', '')
                ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id
                WHERE customers.deleted_at IS NULL
                """) == 1
    }

    /// Notes an address, or what became of it; not of a deleted customer, and none that was taken
    /// away.
    func put(
        _ address: CustomerAddress, at time: Date, in transaction: Transaction
    ) throws {
        guard try !isDeleted(address.userID, in: transaction),
            try !isEnded(address.id, in: transaction)
        else { return }
        try transaction.execute(
            """
            INSERT INTO customer_addresses (address_id, user_id, label, line1, line2, city, region,
                postal_code, country, is_default, changed_at)
            VALUES (\(address.id.uuid), \(address.userID), \(address.label), \(address.line1),
                    \(address.line2), \(address.city), \(address.region), \(address.postalCode),
                    \(address.country), \(address.isDefault), \(time))
            ON CONFLICT (address_id) DO UPDATE
            SET label = excluded.label, line1 = excluded.line1, line2 = excluded.line2,
                city = excluded.city, region = excluded.region,
                postal_code = excluded.postal_code, country = excluded.country,
                is_default = excluded.is_default, changed_at = excluded.changed_at
            WHERE customer_addresses.changed_at IS NULL
                OR customer_addresses.changed_at <= excluded.changed_at
            """)
    }

    func remove(_ id: AddressID, of user: UserID, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM customer_addresses WHERE address_id = \(id.uuid)")
        guard try !isDeleted(user, in: transaction) else { return }
        try transaction.execute(
            """
            INSERT INTO customer_address_ends (address_id, user_id) VALUES (\(id.uuid), \(user))
            ON CONFLICT (address_id) DO NOTHING
            """)
    }

    /// Where a customer has orders sent: to an address of theirs, or to the default one.
    func snapshot(
        of user: UserID, address: AddressID?, in transaction: Transaction
    ) throws -> AddressSnapshot? {
        let which: SQL =
            address.map { "a.address_id = \($0.uuid)" } ?? "a.is_default = \(true)"
        return try transaction.first(
            """
            SELECT c.first_name, c.last_name, a.line1, a.line2, a.city, a.region, a.postal_code,
                a.country
            FROM customer_addresses a LEFT JOIN customers c ON c.user_id = a.user_id
            WHERE a.user_id = \(user) AND \(which)
            ORDER BY a.changed_at DESC NULLS LAST LIMIT 1
            """
        ).map { row in
            AddressSnapshot(
                firstName: try row.get("first_name", as: String?.self) ?? "",
                lastName: try row.get("last_name", as: String?.self) ?? "",
                line1: try row.get("line1"), line2: try row.get("line2"),
                city: try row.get("city"), region: try row.get("region"),
                postalCode: try row.get("postal_code"), country: try row.get("country"))
        }
    }

    /// Erases what is personal and keeps the mark, so that a replay can't bring it back.
    func erase(_ id: UserID, at deletedAt: Date, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM customer_addresses WHERE user_id = \(id)")
        try transaction.execute("DELETE FROM customer_address_ends WHERE user_id = \(id)")
        try transaction.execute(
            """
            INSERT INTO customers (user_id, email, first_name, last_name, deleted_at)
            VALUES (\(id), '', '', '', \(deletedAt))
            ON CONFLICT (user_id) DO UPDATE
            SET email = '', first_name = '', last_name = '', deleted_at = excluded.deleted_at
            """)
    }

    func isDeleted(_ id: UserID, in transaction: Transaction) throws -> Bool {
        try transaction.first(
            """
            SELECT 1 AS one FROM customers
            WHERE user_id = \(id) AND deleted_at IS NOT NULL
            """) != nil
    }

    private func isEnded(_ id: AddressID, in transaction: Transaction) throws -> Bool {
        try transaction.first(
            "SELECT 1 AS one FROM customer_address_ends WHERE address_id = \(id.uuid)") != nil
    }
}
