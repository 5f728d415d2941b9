/// Reads CSV as RFC 4180 has it, piece by piece: no more than one record is kept.
///
/// It is strict, for a lax reader puts cells under wrong columns. A record that is not well formed
/// is told with its line, and reading goes on with the line after. Lines end with LF or CRLF; a
/// byte order mark at the start and empty lines are passed over.
struct CSVReader {
    /// A longer record is most likely a quote that was not closed.
    static let recordByteCountMax = 262_144

    /// One record, or why it is none.
    struct Record: Sendable, Hashable {
        /// Where it begins, from 1.
        let line: Int
        let cells: Result<[String], Fault>
    }

    /// What is wrong with a record.
    enum Fault: Error, Hashable, CaseIterable {
        case strayQuote
        case textAfterQuote
        case openQuote
        case notUTF8
        case bareReturn
        case tooLong
    }

    private enum State {
        case cellStart
        case plain
        case quoted
        /// A quote within a quoted cell: it ends the cell, or is the first of two.
        case quoteInQuoted
        /// A carriage return outside quotes, which a line feed must follow.
        case returned
        /// Behind a fault, until the line's end.
        case skipping
    }

    private var state = State.cellStart
    private var cell: [UInt8] = []
    private var cells: [String] = []
    private var byteCount = 0
    private var line = 1
    private var recordLine = 1
    private var isAtStart = true
    private var mark: [UInt8] = []
    private var records: [Record] = []

    /// Takes the next bytes; answers the records that end in them.
    mutating func read(_ bytes: some Sequence<UInt8>) -> [Record] {
        for byte in bytes {
            if isAtStart { takeMark(byte) } else { take(byte) }
        }
        defer { records = [] }
        return records
    }

    /// Tells that no more bytes come; answers the last record when no line end was behind it.
    mutating func finish() -> [Record] {
        if isAtStart {
            isAtStart = false
            for byte in mark { take(byte) }
        }
        switch state {
        case .quoted: fail(.openQuote)
        case .returned: fail(.bareReturn)
        case .cellStart where cells.isEmpty: break
        case .cellStart, .plain, .quoteInQuoted: endRecord()
        case .skipping: break
        }
        defer { records = [] }
        return records
    }

    /// Swallows a byte order mark.
    private mutating func takeMark(_ byte: UInt8) {
        mark.append(byte)
        let whole: [UInt8] = [0xEF, 0xBB, 0xBF]
        if mark == whole {
            isAtStart = false
        } else if !whole.starts(with: mark) {
            isAtStart = false
            for byte in mark { take(byte) }
        }
    }

    private mutating func take(_ byte: UInt8) {
        let isLineEnd = byte == UInt8(ascii: "\n")
        if isLineEnd { line += 1 }
        byteCount += 1
        if byteCount > Self.recordByteCountMax, state != .skipping { fail(.tooLong) }
        switch state {
        case .skipping:
            if isLineEnd { beginRecord() }
        case .returned:
            if isLineEnd { endRecord() } else { fail(.bareReturn) }
        case .quoted:
            if byte == UInt8(ascii: "\"") { state = .quoteInQuoted } else { cell.append(byte) }
        case .quoteInQuoted where byte == UInt8(ascii: "\""):
            cell.append(byte)
            state = .quoted
        case .cellStart where byte == UInt8(ascii: "\""):
            state = .quoted
        case .cellStart, .plain, .quoteInQuoted:
            takeOutside(byte)
        }
    }

    /// A byte that no quote protects.
    private mutating func takeOutside(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: ","):
            guard endCell() else { return }
            state = .cellStart
        case UInt8(ascii: "\n"): endRecord()
        case UInt8(ascii: "\r"): state = .returned
        case UInt8(ascii: "\""): fail(.strayQuote)
        default:
            guard state != .quoteInQuoted else { return fail(.textAfterQuote) }
            cell.append(byte)
            state = .plain
        }
    }

    private mutating func endCell() -> Bool {
        guard let text = String(validating: cell, as: UTF8.self) else {
            fail(.notUTF8)
            return false
        }
        cells.append(text)
        cell.removeAll(keepingCapacity: true)
        return true
    }

    private mutating func endRecord() {
        let isBlank = cells.isEmpty && cell.isEmpty
        guard endCell() else { return beginRecord() }
        if !isBlank { records.append(Record(line: recordLine, cells: .success(cells))) }
        beginRecord()
    }

    private mutating func fail(_ fault: Fault) {
        records.append(Record(line: recordLine, cells: .failure(fault)))
        state = .skipping
    }

    private mutating func beginRecord() {
        state = .cellStart
        cells = []
        cell.removeAll(keepingCapacity: true)
        byteCount = 0
        recordLine = line
    }
}

extension CSVReader.Fault {
    /// What is wrong, for people.
    var reason: String {
        switch self {
        case .strayQuote: "a quote stands within a cell that does not begin with one"
        case .textAfterQuote: "text follows a closing quote"
        case .openQuote: "a quote is not closed"
        case .notUTF8: "the line is not UTF-8"
        case .bareReturn: "a carriage return stands without a line feed"
        case .tooLong: "the record is longer than 256 KiB; most likely a quote is not closed"
        }
    }
}
