import Foundation

/// Reads a file's lines, one after the other, and keeps what later ones are held against: each
/// SKU, and for each product what its first line said, as hashes.
struct ImportReading {
    /// A product's lines that lie together.
    struct Group: Sendable {
        let product: String
        /// `nil` when an earlier batch had the product's first line.
        let head: ImportHead?
        var lines: [ImportLine]
    }

    /// So many products and lines are one transaction.
    static let batchLineCount = 500

    private let categories: Set<String>
    private var columns: ImportColumns?
    private var skuLines: [String: Int] = [:]
    private var heads: [String: FirstLine] = [:]
    private(set) var faults: [ImportFault] = []
    private(set) var groups: [Group] = []
    private(set) var lineCount = 0
    private(set) var badLineCount = 0
    private var places: [String: Int] = [:]
    private var goodLineCount = 0

    /// What the first line of a product said.
    private struct FirstLine {
        let line: Int
        /// By column; a blank cell has none.
        let hashes: [String: Int]
    }

    /// - Parameter categories: the slugs of all.
    init(categories: Set<String>) { self.categories = categories }

    /// Whether there is enough for a transaction.
    var isFull: Bool { goodLineCount + faults.count >= Self.batchLineCount }

    /// Whether the columns were named.
    var hasColumns: Bool { columns != nil }

    /// Takes a record: the columns first, then lines.
    ///
    /// - Throws: ``ImportRefusal/columns(_:)``.
    mutating func take(_ record: CSVReader.Record) throws(ImportRefusal) {
        guard let columns else {
            switch record.cells {
            case .success(let names): columns = try ImportColumns(names)
            case .failure(let fault): throw .columns(["line \(record.line): \(fault.reason)"])
            }
            return
        }
        lineCount += 1
        let faultCount = faults.count
        switch record.cells {
        case .failure(let fault): note(record.line, nil, fault.reason)
        case .success(let cells):
            var reader = ImportLineReader(cells, line: record.line, columns: columns)
            let line = reader.read()
            faults += reader.faults
            if let line { take(line) }
        }
        if faults.count > faultCount { badLineCount += 1 }
    }

    /// Gives what was read, and begins anew.
    mutating func takeBatch() -> (groups: [Group], faults: [ImportFault]) {
        defer { (groups, faults, places, goodLineCount) = ([], [], [:], 0) }
        return (groups, faults)
    }

    private mutating func take(_ line: ImportLine) {
        if let other = skuLines[line.sku] {
            return note(line.number, .sku, "\(line.sku) is on line \(other) already")
        }
        var head: ImportHead?
        if let first = heads[line.product] {
            let other = line.head.filter { column, cell in
                !cell.isEmpty && first.hashes[column] != cell.hashValue
            }
            for column in other.keys.sorted() {
                faults.append(
                    ImportFault(
                        line: line.number, column: column,
                        reason: "is not what line \(first.line) says of the same product"))
            }
            guard other.isEmpty else { return }
        } else {
            head = ImportHead(line, known: categories, faults: &faults)
            guard head != nil else { return }
            heads[line.product] = FirstLine(
                line: line.number,
                hashes: line.head.filter { !$0.value.isEmpty }.mapValues(\.hashValue))
        }
        skuLines[line.sku] = line.number
        goodLineCount += 1
        if let place = places[line.product] {
            groups[place].lines.append(line)
        } else {
            places[line.product] = groups.count
            groups.append(Group(product: line.product, head: head, lines: [line]))
        }
    }

    private mutating func note(
        _ line: Int, _ column: ImportColumns.Column?, _ reason: String
    ) {
        faults.append(ImportFault(line: line, column: column?.rawValue, reason: reason))
    }
}
