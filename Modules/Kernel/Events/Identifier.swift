public import Foundation

/// An id as a type of its own, so that an order's id cannot be passed where a user's is meant.
///
/// On the wire and in SQL it is a lower-case UUID string. New ids are UUIDv7 (RFC 9562), whose
/// leading milliseconds keep index pages in the order of creation.
public protocol Identifier:
    Hashable, Sendable, Codable, LosslessStringConvertible, CodingKeyRepresentable
{
    /// The value itself.
    var uuid: UUID { get }

    /// Wraps a UUID that is already known.
    init(_ uuid: UUID)
}

extension Identifier {
    /// A fresh id.
    public init() { self.init(UUID.v7()) }

    /// Parses the text form; upper and lower case are both read, anything else is `nil`.
    public init?(_ description: String) {
        guard let uuid = UUID(text: description) else { return nil }
        self.init(uuid)
    }

    /// The lower-case text form.
    public var description: String { uuid.lowercasedText }

    /// Decodes the text form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a UUID")
        }
        self = id
    }

    /// Encodes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// The text form as a key of a JSON object.
    public var codingKey: any CodingKey { TextKey(stringValue: description) }

    /// Reads the text form from a key of a JSON object.
    public init?<Key: CodingKey>(codingKey: Key) { self.init(codingKey.stringValue) }
}

private struct TextKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// Names a user, in every module.
public struct UserID: Identifier {
    /// The value itself.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}

/// Names an order, in every module.
public struct OrderID: Identifier {
    /// The value itself.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}

/// Names a payment, in every module.
public struct PaymentID: Identifier {
    /// The value itself; Payment makes it from the order's id, one for each order.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}

/// Names a product: a destination, an activity, a package.
public struct ProductID: Identifier {
    /// The value itself.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}

/// Names what is sold: a date, slot or room class of a product. Orders call it `productId`.
public struct VariantID: Identifier {
    /// The value itself.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}

/// Names a price that somebody was told.
public struct QuoteID: Identifier {
    /// The value itself.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}

/// Names a refund, in every module.
public struct RefundID: Identifier {
    /// The value itself; who asks for the refund makes it.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}

/// Names one published event; also the idempotency key of everything it causes.
public struct EventID: Identifier {
    /// The value itself; CloudEvents `id` on the wire.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}

/// Names one transaction, in the events that it published.
public struct TransactionID: Identifier {
    /// The value itself.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}

/// Names an event that is parked at one consumer.
public struct DeadLetterID: Identifier {
    /// The value itself.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}
