import Events
import Storage

extension ProductStore {
    /// What is known of products that a file calls by these keys, and of SKUs; deleted ones too.
    func imported(
        keys: [String], skus: [String], in transaction: Transaction
    ) throws -> ImportedBefore {
        let products = try transaction.rows(
            "SELECT import_key, id FROM products WHERE import_key \(among: keys)")
        let owners = try transaction.rows(
            """
            SELECT v.sku, v.product_id, p.import_key FROM variants v
            JOIN products p ON p.id = v.product_id WHERE v.sku \(among: skus)
            """)
        return ImportedBefore(
            products: try products.reduce(into: [:]) {
                $0[try $1.get("import_key")] = try $1.get("id")
            },
            owners: try owners.reduce(into: [:]) {
                $0[try $1.get("sku")] = (
                    try $1.get("product_id"), try $1.get("import_key", as: String?.self)
                )
            })
    }
}
