import HTTPTypes
import Web

/// What Inventory refuses.
enum InventoryError: Error, Hashable, CaseIterable {
    case unknownVariant
    case belowCommitted
    case tooMany
}

extension InventoryError: Refusal {
    var answer: (code: String, status: HTTPResponse.Status, detail: String) {
        switch self {
        case .unknownVariant:
            ("inventory.not_found", .notFound, "there is no such variant")
        case .belowCommitted:
            (
                "inventory.below_committed", .conflict,
                "more pieces are sold or set aside than there would be"
            )
        case .tooMany:
            (
                "inventory.too_many", .conflict,
                "there can't be more than \(StockLevel.onHandMax) pieces"
            )
        }
    }
}
