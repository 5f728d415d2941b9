import Storage

extension Row {
    /// A word of a closed set.
    func word<Word: RawRepresentable>(_ column: String) throws -> Word
    where Word.RawValue == String {
        let text: String = try get(column)
        guard let word = Word(rawValue: text) else { throw UnknownWord(column: column) }
        return word
    }

    /// A failure's code; what payments of old were refused with had no closed set.
    func failure(_ column: String) throws -> FailureCode? {
        try get(column, as: String?.self).map { FailureCode(rawValue: $0) ?? .providerDeclined }
    }
}

/// A row holds a word that this program does not know: it was written by a newer one.
struct UnknownWord: Error {
    let column: String
}
