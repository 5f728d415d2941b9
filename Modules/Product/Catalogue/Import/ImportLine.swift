import Events
import Foundation
import Web

/// A line of an imported file: a variant, and of which product.
struct ImportLine: Sendable {
    let number: Int
    let product: String
    let sku: String
    let price: Money
    let onHand: Int
    /// What the file says of these; `keep` for a column that it does not have.
    let startsAt: Wish<Date?>
    let endsAt: Wish<Date?>
    let roomClass: Wish<String?>
    /// `nil` when the file does not say.
    let name: String?
    /// The cells that tell of the product, by column.
    let head: [String: String]
}

/// Reads the cells of lines and notes everything that is wrong with them.
struct ImportLineReader {
    private let columns: ImportColumns
    private let cells: [String]
    private let line: Int
    private(set) var faults: [ImportFault] = []

    init(_ cells: [String], line: Int, columns: ImportColumns) {
        self.cells = cells
        self.line = line
        self.columns = columns
    }

    /// The line; `nil` with faults.
    mutating func read() -> ImportLine? {
        guard cells.count == columns.names.count else {
            note(nil, "has \(cells.count) cells, the first line has \(columns.names.count)")
            return nil
        }
        let sku = text(.sku, length: 1...64)
        if !sku.isEmpty, !VariantFacts.isSKU(sku) {
            note(.sku, "must be letters, digits and signs of ASCII without blanks")
        }
        let key = text(.product, length: 1...100)
        let price = price()
        let onHand = number(.onHand, in: 0...VariantStock.onHandMax) ?? 0
        let (startsAt, endsAt) = (time(.startsAt), time(.endsAt))
        let roomClass = text(.roomClass, length: 0...100)
        let name = text(.variant, length: 0...200)
        guard faults.isEmpty, let price else { return nil }
        return ImportLine(
            number: line, product: key, sku: sku, price: price, onHand: onHand,
            startsAt: columns.has(.startsAt) ? .set(startsAt) : .keep,
            endsAt: columns.has(.endsAt) ? .set(endsAt) : .keep,
            roomClass: columns.has(.roomClass)
                ? .set(roomClass.isEmpty ? nil : roomClass) : .keep,
            name: name.isEmpty ? nil : name, head: columns.head(of: cells))
    }

    private mutating func note(_ column: ImportColumns.Column?, _ reason: String) {
        faults.append(ImportFault(line: line, column: column?.rawValue, reason: reason))
    }

    private mutating func text(
        _ column: ImportColumns.Column, length: ClosedRange<Int>
    ) -> String {
        let text = columns.cell(column, of: cells) ?? ""
        if text.isEmpty, length.lowerBound > 0 {
            note(column, "must not be empty")
        } else if text.count > length.upperBound {
            note(column, "must have at most \(length.upperBound) characters")
        } else if !Prose.isOneLine(text) {
            note(column, "must not have line breaks or control characters")
        }
        return text
    }

    private mutating func number(
        _ column: ImportColumns.Column, in range: ClosedRange<Int>
    ) -> Int? {
        guard let text = columns.cell(column, of: cells), !text.isEmpty else { return nil }
        let isDigits = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        guard isDigits, let number = Int(text), range.contains(number) else {
            note(column, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    private mutating func price() -> Money? {
        let amount = number(.price, in: 1...Fields.amountMax)
        if amount == nil, columns.cell(.price, of: cells)?.isEmpty != false {
            note(.price, "must not be empty")
        }
        let code = columns.cell(.currency, of: cells) ?? ""
        guard let currency = Currency(rawValue: code), currency.isISO4217 else {
            note(.currency, "must be the ISO 4217 code of a currency, in capitals")
            return nil
        }
        return amount.map { Money(amount: Int64($0), currency: currency) }
    }

    private mutating func time(_ column: ImportColumns.Column) -> Date? {
        guard let text = columns.cell(column, of: cells), !text.isEmpty else { return nil }
        guard let date = FlotillaJSON.date(rfc3339: text) else {
            note(column, "must be an RFC 3339 time: 2026-01-31T09:30:00Z")
            return nil
        }
        return date
    }
}
