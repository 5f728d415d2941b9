import Foundation

/// What the first line of a product tells of it, read.
struct ImportHead: Sendable {
    let kind: ProductKind
    let name: String
    /// What the file says of these; `keep` for a column that it does not have.
    let description: Wish<String>
    let categories: Wish<[String]>
    let status: Wish<ProductStatus>
    /// Of the attributes that the file has columns for; `nil` for those that the product has not.
    let attributes: [String: AttributeValue?]

    /// Reads a product's cells; `nil` with faults.
    ///
    /// - Parameter known: the slugs of all categories.
    init?(_ line: ImportLine, known: Set<String>, faults: inout [ImportFault]) {
        var bad: [ImportFault] = []
        func note(_ column: String, _ reason: String) {
            bad.append(ImportFault(line: line.number, column: column, reason: reason))
        }
        let kind = line.head["kind"].flatMap(ProductKind.init(rawValue:))
        if kind == nil {
            let words = ProductKind.allCases.map(\.rawValue).joined(separator: ", ")
            note("kind", "must be one of \(words)")
        }
        let name = line.head["name"] ?? ""
        if !(1...200).contains(name.count) || !Prose.isOneLine(name) {
            note("name", "must have 1 to 200 characters on one line")
        }
        let description = line.head["description"]?.replacing("\r\n", with: "\n")
        if let description, description.count > 10_000 || !Prose.isFine(description) {
            note("description", "must have at most 10000 characters, none of them a control")
        }
        let slugs = line.head["category"].map { cell in
            cell.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        for slug in slugs ?? [] where !known.contains(slug) {
            note("category", "there is no category \(slug.prefix(64))")
        }
        let statusCell = line.head["status"] ?? ""
        let status = ProductStatus(rawValue: statusCell)
        if !statusCell.isEmpty, status == nil {
            let words = ProductStatus.allCases.map(\.rawValue).joined(separator: ", ")
            note("status", "must be one of \(words)")
        }
        let prefix = ImportColumns.attributePrefix
        for (column, cell) in line.head where column.hasPrefix(prefix) {
            if cell.count > 500 || !Prose.isOneLine(cell) {
                note(column, "must have at most 500 characters on one line")
            }
        }
        faults += bad.sorted { ($0.column ?? "") < ($1.column ?? "") }
        guard bad.isEmpty, let kind else { return nil }
        self.kind = kind
        self.name = name
        self.description = description.map { .set($0) } ?? .keep
        categories = slugs.map { .set(Set($0).sorted()) } ?? .keep
        self.status = status.map { .set($0) } ?? .keep
        attributes = line.head.reduce(into: [:]) { attributes, entry in
            guard entry.key.hasPrefix(prefix) else { return }
            attributes.updateValue(
                Self.value(of: entry.value), forKey: String(entry.key.dropFirst(prefix.count)))
        }
    }

    /// The product's facts after this.
    func facts(after old: ProductFacts?) -> ProductFacts {
        var attributes = old?.attributes ?? [:]
        for (name, value) in self.attributes { attributes[name] = value }
        return ProductFacts(
            kind: kind, status: status.value(after: old?.status ?? .active), name: name,
            description: description.value(after: old?.description ?? ""),
            categories: categories.value(after: old?.categories ?? []),
            attributes: attributes, texts: old?.texts ?? [:])
    }

    /// `true` and `false`, whole numbers as a person writes them, else text; nothing is nothing.
    private static func value(of cell: String) -> AttributeValue? {
        switch cell {
        case "": return nil
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default:
            if let number = Int64(cell), String(number) == cell,
                (-9_007_199_254_740_991...9_007_199_254_740_991).contains(number)
            {
                return .number(number)
            }
            return .text(cell)
        }
    }
}
