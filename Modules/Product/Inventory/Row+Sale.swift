import Foundation
import Storage

extension Row {
    /// Whether a variant, joined with its product, can be ordered: both are in the catalogue, and
    /// what it is a booking of is not over.
    func isForSale(at now: Date) throws -> Bool {
        guard try get("is_active"), try get("status") == "active" else { return false }
        let end: Date? = try get("ends_at") ?? get("starts_at")
        return end.map { $0 > now } ?? true
    }
}
