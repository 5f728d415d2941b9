// What bodies need that are sent back as they were read, and lists that are looked at as a whole.

extension Fields {
    /// A field that may be sent and says nothing, as those that only answers have.
    public mutating func ignore(_ name: String) { _ = value(name) }

    /// Notes a problem with a field of an element of a list.
    public mutating func reject(
        _ list: String, at index: Int, _ name: String, _ detail: String
    ) {
        errors.append(.init(pointer: "\(pointer(list))/\(index)/\(name)", detail: detail))
    }
}
