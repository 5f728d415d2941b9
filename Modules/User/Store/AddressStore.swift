import Events
import Foundation
import Storage
import UserContract

/// Addresses as rows.
struct AddressStore: Sendable {
    /// So many a user.
    static let countMax = 50

    private static let columns: SQL = """
        id, label, line1, line2, city, region, postal_code, country, is_default, version,
        created_at
        """

    /// A user's addresses, the oldest first.
    func list(of user: UserID, in transaction: Transaction) throws -> [Address] {
        try transaction.rows(
            """
            SELECT \(Self.columns) FROM addresses WHERE user_id = \(user)
            ORDER BY created_at, id LIMIT \(Self.countMax)
            """
        ).map(address)
    }

    func insert(_ address: Address, of user: UserID, in transaction: Transaction) throws {
        let fields = address.fields
        try transaction.execute(
            """
            INSERT INTO addresses (\(Self.columns), user_id)
            VALUES (\(address.id.uuid), \(fields.label), \(fields.line1), \(fields.line2),
                    \(fields.city), \(fields.region), \(fields.postalCode), \(fields.country),
                    \(address.isDefault), \(address.version), \(address.createdAt), \(user))
            """)
    }

    func update(_ address: Address, in transaction: Transaction) throws {
        let fields = address.fields
        try transaction.execute(
            """
            UPDATE addresses SET label = \(fields.label), line1 = \(fields.line1),
                line2 = \(fields.line2), city = \(fields.city), region = \(fields.region),
                postal_code = \(fields.postalCode), country = \(fields.country),
                is_default = \(address.isDefault), version = \(address.version)
            WHERE id = \(address.id.uuid)
            """)
    }

    func delete(_ id: AddressID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM addresses WHERE id = \(id.uuid)")
    }

    private func address(_ row: Row) throws -> Address {
        Address(
            id: AddressID(try row.get("id", as: UUID.self)),
            fields: Address.Fields(
                label: try row.get("label"), line1: try row.get("line1"),
                line2: try row.get("line2"), city: try row.get("city"),
                region: try row.get("region"), postalCode: try row.get("postal_code"),
                country: try row.get("country")),
            isDefault: try row.get("is_default"), version: try row.get("version"),
            createdAt: try row.get("created_at"))
    }
}
