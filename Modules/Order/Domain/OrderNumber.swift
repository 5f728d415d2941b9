/// What people call an order by: `FL-7K3M-9QXTB`.
///
/// Eight characters of Crockford's base 32 (no I, L, O, U) by chance, 40 bits, so that nobody can
/// tell from one how many orders there are; the ninth is checked, so that a slip of the pen names
/// no other order.
enum OrderNumber {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    /// Draws one. Whether it is taken, the unique index says.
    static func draw() -> String {
        var generator = SystemRandomNumberGenerator()
        return text(of: (0..<8).map { _ in Int(generator.next() & 31) })
    }

    /// Whether it is one, by its form and its last character. Older ones have another form.
    static func isWellFormed(_ text: String) -> Bool {
        let digits = text.filter { $0 != "-" }.dropFirst(2).compactMap(alphabet.firstIndex)
        return digits.count == 9 && text == self.text(of: digits.dropLast())
    }

    private static func text(of digits: [Int]) -> String {
        let characters = (digits + [check(of: digits)]).map { alphabet[$0] }
        return "FL-\(String(characters.prefix(4)))-\(String(characters.dropFirst(4)))"
    }

    /// Luhn's sum, modulo 32: finds each wrong character and nearly each swap of neighbours.
    private static func check(of digits: [Int]) -> Int {
        let sum = digits.reversed().enumerated().reduce(0) { sum, element in
            let addend = element.element * (element.offset.isMultiple(of: 2) ? 2 : 1)
            return sum + addend / 32 + addend % 32
        }
        return (32 - sum % 32) % 32
    }
}
