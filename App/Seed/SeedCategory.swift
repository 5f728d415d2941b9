/// The tree of categories of the demo shop.
enum SeedCategory {
    /// Parents before their children.
    static let all: [(slug: String, name: String, parent: String?)] = [
        ("places", "Places", nil),
        ("alps", "The Alps", "places"), ("atlantic", "On the Atlantic", "places"),
        ("mediterranean", "Around the Mediterranean", "places"),
        ("northern", "The North", "places"), ("central", "Central Europe", "places"),
        ("far-away", "Far away", "places"),
        ("things-to-do", "Things to do", nil),
        ("culture", "Culture", "things-to-do"), ("food", "Food and drink", "things-to-do"),
        ("on-water", "On the water", "things-to-do"), ("on-foot", "On foot", "things-to-do"),
        ("by-bike", "By bike", "things-to-do"), ("wildlife", "Wildlife", "things-to-do"),
        ("holidays", "Holidays", nil),
        ("short-breaks", "Short breaks", "holidays"), ("weeks-away", "Weeks away", "holidays"),
    ]
}

/// What the price of some products depends on. No order of ``SeedOrder/plan`` is of one of them.
struct SeedRule: Sendable {
    let name: String
    /// The SKU of a variant of the product.
    let sku: String
    let kind: String
    let from: Int
    let to: Int?
    let permille: Int

    static let all = [
        SeedRule(
            name: "Early booking: Lofoten", sku: "PKG-LOF-7-A", kind: "lead_time", from: 60,
            to: nil, permille: -100),
        SeedRule(
            name: "Last places: Lofoten", sku: "PKG-LOF-7-A", kind: "occupancy", from: 80,
            to: nil, permille: 150),
        SeedRule(
            name: "Late booking: Masuria", sku: "PKG-MAS-W-A", kind: "lead_time", from: 0,
            to: 7, permille: -200),
        SeedRule(
            name: "Groups: Rovaniemi", sku: "ACT-ROV-1-A", kind: "group_size", from: 6, to: nil,
            permille: -120),
    ]
}
