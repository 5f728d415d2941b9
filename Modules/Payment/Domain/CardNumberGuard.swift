import Events
import Foundation
import Telemetry
import Web

/// Keeps card numbers out: whoever sends one here is sent away with it.
enum CardNumberGuard {
    /// Members that hold amounts, which may have as many digits.
    private static let amounts: Set<String> = ["amount", "capturedAmount", "refundedAmount"]

    /// - Throws: ``PaymentError/cardNumber``.
    static func check(_ value: JSONValue) throws(PaymentError) {
        if finds(in: value, named: nil) { throw .cardNumber }
    }

    /// Whether a text has digits that are a card's. An id has as many, and is none.
    static func finds(in text: String) -> Bool {
        UUID(uuidString: text) == nil && !CardNumbers.ranges(in: Array(text.utf8)).isEmpty
    }

    private static func finds(in value: JSONValue, named name: String?) -> Bool {
        switch value {
        case .null, .bool: false
        case .integer(let number):
            !amounts.contains(name ?? "") && finds(in: String(number))
        case .number(let number): number >= 1e12 && finds(in: String(format: "%.0f", number))
        case .string(let text): finds(in: text)
        case .array(let values): values.contains { finds(in: $0, named: name) }
        case .object(let members):
            members.contains { finds(in: $0.key) || finds(in: $0.value, named: $0.key) }
        }
    }
}
