/// What an import tells while it runs.
public enum ImportNews: Sendable {
    /// How far it is, after each batch.
    case progress(ImportProgress)
    /// A line that was passed over, and why; a line may have several.
    case fault(ImportFault)
}

/// How far an import is, and what came of it.
public struct ImportProgress: Sendable, Hashable, Encodable {
    /// Bytes of the file.
    public internal(set) var byteCountTotal = 0
    /// Bytes that were read.
    public internal(set) var byteCount = 0
    /// Lines that told of a variant, good ones and bad ones.
    public internal(set) var lineCount = 0
    /// Lines that were passed over.
    public internal(set) var badLineCount = 0
    /// Products that were made.
    public internal(set) var createdCount = 0
    /// Times that a product was changed.
    public internal(set) var updatedCount = 0
    /// Times that a product was found as the file has it.
    public internal(set) var unchangedCount = 0
}

/// What is wrong with a line of an imported file.
public struct ImportFault: Sendable, Hashable, Encodable {
    /// From 1: the line that its record begins in.
    public let line: Int
    /// The name of the column; `nil` when it is the whole line.
    public let column: String?
    /// For people.
    public let reason: String
}

/// Why a file can't be imported at all.
public enum ImportRefusal: Error, Sendable, Hashable {
    /// It can't be read.
    case unreadable(String)
    /// Its first line does not name the columns as it should; each problem is a sentence.
    case columns([String])
}
