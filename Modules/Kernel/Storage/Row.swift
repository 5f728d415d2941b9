/// One row of an answer; columns are read by name and type.
public struct Row: Sendable {
    let columns: [String]
    let values: [SQLValue]

    /// Reads a column as the type that the caller expects.
    ///
    /// - Throws: ``StorageError`` of kind `mismatch` when the column is missing or does not fit.
    public func get<Value: SQLConvertible>(
        _ column: String, as type: Value.Type = Value.self
    ) throws -> Value {
        guard let index = columns.firstIndex(of: column) else {
            throw StorageError(kind: .mismatch, code: "column", detail: "no column \(column)")
        }
        guard let value = Value(sqlValue: values[index]) else {
            throw StorageError(
                kind: .mismatch, code: "type", detail: "column \(column) is not a \(Value.self)")
        }
        return value
    }
}
