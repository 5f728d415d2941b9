import Foundation
import Testing

/// A product with one variant of which there are so many pieces, and what became of them.
struct Shop: Sendable {
    let system: RunningSystem
    /// What orders name.
    let variant: String
    let stock: Int

    /// Has an administrator put a product into the catalogue, and waits until orders know it.
    static func open(
        in system: RunningSystem, by administrator: Person, stock: Int, price: Int = 10_000
    ) async throws -> Shop {
        let answer = try await administrator.api.post(
            "/api/v1/products",
            [
                "name": "A walk on the ice", "kind": "activity",
                "variants": [
                    [
                        "sku": .string("ICE-\(UUID().uuidString.prefix(8))"),
                        "name": "Morning", "onHand": .number(Double(stock)),
                        "price": ["amount": .number(Double(price)), "currency": "EUR"],
                    ]
                ],
            ])
        try #require(answer.status == 201, "\(answer)")
        let variant = try #require(answer.json["variants"].array.first?["id"].string)
        let shop = Shop(system: system, variant: variant, stock: stock)
        try await eventually("orders know the product", within: .seconds(20)) {
            try await system.tables.rows(
                "order", "SELECT variant_id FROM variants")
        } until: {
            $0.contains { $0["variant_id"].string == variant }
        }
        return shop
    }

    var order: JSON { ["items": [["productId": .string(variant), "quantity": 1]]] }

    /// How many orders of it are in each state.
    func orders() async throws -> [String: Int] {
        try await system.tables.counts(
            "order",
            """
            SELECT state AS x FROM orders
            WHERE CAST(items AS TEXT) LIKE '%\(variant)%'
            """)
    }

    /// Waits until no order of it is on its way any more.
    func settled(within limit: Duration) async throws -> [String: Int] {
        let ends: Set = ["confirmed", "rejected", "expired", "cancelled"]
        return try await eventually("every order has ended", within: limit) {
            try await orders()
        } until: {
            ends.isSuperset(of: $0.keys)
        }
    }

    /// Expects that the levels are the sums of the ledger, and that holds and orders belong
    /// together.
    ///
    /// - Parameter sold: how many pieces are sold in the end; nothing is set aside any more.
    func expectBalance(sold: Int, _ seed: String = "") async throws {
        let levels = try await system.tables.rows(
            "product",
            """
            SELECT on_hand AS "onHand", allocated, reserved FROM stock_levels
            WHERE variant_id = '\(variant)'
            """)
        let sums = try await system.tables.rows(
            "product",
            """
            SELECT SUM(on_hand) AS "onHand", SUM(allocated) AS allocated,
                SUM(reserved) AS reserved
            FROM stock_movements WHERE variant_id = '\(variant)'
            """)
        #expect(
            levels == [
                [
                    "onHand": .number(Double(stock)), "allocated": .number(Double(sold)),
                    "reserved": 0,
                ]
            ], "\(seed)")
        #expect(sums == levels, "\(seed): the ledger and the levels differ")
        let strays = try await system.tables.rowsOfAll(
            ["order", "product"],
            """
            SELECT o.id, o.state, h.state AS hold FROM "order".orders o
            LEFT JOIN "product".stock_holds h ON h.order_id = o.id
            WHERE CAST(o.items AS TEXT) LIKE '%\(variant)%' AND (
                o.state = 'confirmed' AND coalesce(h.state, '') <> 'converted'
                OR o.state <> 'confirmed' AND coalesce(h.state, '') IN ('held', 'converted'))
            UNION ALL
            SELECT h.order_id, NULL, h.state FROM "product".stock_holds h
            WHERE h.order_id NOT IN (SELECT id FROM "order".orders)
            """)
        #expect(strays.isEmpty, "\(seed): \(strays.prefix(5))")
    }
}
