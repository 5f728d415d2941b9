import Events
import Foundation
import Storage
import UserContract

/// What orders know of users, as rows.
struct CustomerStore: Sendable {
    /// Forgets who can be learned again; the marks of the deleted stay.
    func clear(in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM customer_addresses")
        try transaction.execute("DELETE FROM customers WHERE deleted_at IS NULL")
    }

    func insert(
        _ id: UserID, email: String, firstName: String, lastName: String,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO customers (user_id, email, first_name, last_name)
            VALUES (\(id), \(email), \(firstName), \(lastName))
            ON CONFLICT (user_id) DO NOTHING
            """)
    }

    func rename(
        _ id: UserID, firstName: String, lastName: String, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE customers SET first_name = \(firstName), last_name = \(lastName)
            WHERE user_id = \(id) AND deleted_at IS NULL
            """)
    }

    func setEmail(_ email: String, of id: UserID, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE customers SET email = \(email) WHERE user_id = \(id) AND deleted_at IS NULL
            """)
    }

    /// Notes an address, or what became of it; not of a deleted customer.
    func put(_ address: CustomerAddress, in transaction: Transaction) throws {
        guard try !isDeleted(address.userID, in: transaction) else { return }
        try transaction.execute(
            """
            INSERT INTO customer_addresses (address_id, user_id, label, line1, line2, city, region,
                postal_code, country, is_default)
            VALUES (\(address.id.uuid), \(address.userID), \(address.label), \(address.line1),
                    \(address.line2), \(address.city), \(address.region), \(address.postalCode),
                    \(address.country), \(address.isDefault))
            ON CONFLICT (address_id) DO UPDATE
            SET label = excluded.label, line1 = excluded.line1, line2 = excluded.line2,
                city = excluded.city, region = excluded.region,
                postal_code = excluded.postal_code, country = excluded.country,
                is_default = excluded.is_default
            """)
    }

    func remove(_ id: AddressID, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM customer_addresses WHERE address_id = \(id.uuid)")
    }

    /// Erases what is personal and keeps the mark, so that a replay can't bring it back.
    func erase(_ id: UserID, at deletedAt: Date, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM customer_addresses WHERE user_id = \(id)")
        try transaction.execute(
            """
            INSERT INTO customers (user_id, email, first_name, last_name, deleted_at)
            VALUES (\(id), '', '', '', \(deletedAt))
            ON CONFLICT (user_id) DO UPDATE
            SET email = '', first_name = '', last_name = '', deleted_at = \(deletedAt)
            """)
    }

    func isDeleted(_ id: UserID, in transaction: Transaction) throws -> Bool {
        try transaction.first(
            """
            SELECT 1 AS one FROM customers
            WHERE user_id = \(id) AND deleted_at IS NOT NULL
            """) != nil
    }
}
