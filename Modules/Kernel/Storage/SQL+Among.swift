extension SQL.StringInterpolation {
    /// The comparison with one of several values, however many, in one parameter:
    /// `"… WHERE id \(among: ids)"`.
    public mutating func appendInterpolation(among values: [some SQLConvertible]) {
        appendInterpolation(only: .postgresql, "= ANY (")
        appendInterpolation(only: .sqlite, "IN (SELECT value FROM json_each(")
        appendInterpolation(values)
        appendInterpolation(only: .postgresql, ")")
        appendInterpolation(only: .sqlite, "))")
    }
}
