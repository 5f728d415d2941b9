import Events
import Foundation

/// Which cell of a line means what, by the file's first line.
struct ImportColumns: Sendable {
    /// Every column there is but attributes: `attribute.NAME`.
    enum Column: String, CaseIterable {
        case sku
        case product
        case kind
        case name
        case description
        case category
        case status
        case variant
        case price
        case currency
        case onHand = "on_hand"
        case startsAt = "starts_at"
        case endsAt = "ends_at"
        case roomClass = "room_class"

        var isRequired: Bool { [.sku, .product, .kind, .name, .price, .currency].contains(self) }

        /// Whether it tells of the product: once, on its first line.
        var isOfProduct: Bool {
            [.kind, .name, .description, .category, .status].contains(self)
        }
    }

    static let attributePrefix = "attribute."

    let names: [String]
    private let places: [String: Int]

    /// - Throws: ``ImportRefusal/columns(_:)`` with everything that is wrong.
    init(_ header: [String]) throws(ImportRefusal) {
        var problems: [String] = []
        var places: [String: Int] = [:]
        for (place, name) in header.enumerated() {
            if places.updateValue(place, forKey: name) != nil {
                problems.append("the column \(name) is there twice")
            }
            let isAttribute =
                name.hasPrefix(Self.attributePrefix)
                && ProductFilter.isAttribute(String(name.dropFirst(Self.attributePrefix.count)))
            if Column(rawValue: name) == nil, !isAttribute {
                problems.append("there is no column \(name.prefix(100))")
            }
        }
        for column in Column.allCases where column.isRequired && places[column.rawValue] == nil {
            problems.append("the column \(column.rawValue) is missing")
        }
        guard problems.isEmpty else { throw .columns(problems) }
        names = header
        self.places = places
    }

    /// Whether the file has it.
    func has(_ column: Column) -> Bool { places[column.rawValue] != nil }

    /// A cell of a line, without blanks around it; `nil` for a column that is not there.
    func cell(_ column: Column, of cells: [String]) -> String? {
        places[column.rawValue].map { cells[$0].trimmingCharacters(in: .whitespaces) }
    }

    /// The columns that tell of the product, in the order of the file.
    var ofProduct: [String] {
        names.filter { Column(rawValue: $0)?.isOfProduct ?? true }
    }

    /// The cells that tell of the product, by column.
    func head(of cells: [String]) -> [String: String] {
        ofProduct.reduce(into: [:]) { head, name in
            if let place = places[name] {
                head[name] = cells[place].trimmingCharacters(in: .whitespaces)
            }
        }
    }
}
