/// A fact that a module tells the others, in the past tense.
///
/// The Swift name may change; `type` is the name on the wire and in every log for ever. A new
/// shape is a new type with the next version, never a new meaning of an old one.
public protocol Event: Codable, Sendable {
    /// The stable name, version included: `UserRegisteredEventV1`.
    static var type: EventType { get }

    /// Where events of this type are published: `user.events`.
    static var topic: Topic { get }

    /// The id of the aggregate that the event is about. Events of one key keep their order.
    var key: String { get }

    /// How to make this version from older ones; see ``Upcaster``.
    static var upcasters: [Upcaster] { get }
}

/// The stable name of an event's shape, version included.
public struct EventType: RawRepresentable, Hashable, Sendable, Codable,
    ExpressibleByStringLiteral, CustomStringConvertible
{
    /// The name as it stands on the wire and in every log.
    public let rawValue: String
    /// Takes any text; what names are known is the registry's business.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// Lets an event's declaration write its type as a literal.
    public init(stringLiteral value: String) { rawValue = value }

    /// The name itself.
    public var description: String { rawValue }

    /// The name without the version at its end.
    public var unversioned: String {
        guard version != nil, let mark = rawValue.lastIndex(of: "V") else { return rawValue }
        return String(rawValue[..<mark])
    }

    /// The version at the end of the name: 1 of `UserRegisteredEventV1`; `nil` when there is none.
    public var version: Int? {
        guard let mark = rawValue.lastIndex(of: "V"), mark != rawValue.startIndex else {
            return nil
        }
        let digits = rawValue[rawValue.index(after: mark)...]
        guard digits.first != "0", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(digits)
    }
}

/// A named stream of events; `<module>.events` by convention.
public struct Topic: RawRepresentable, Hashable, Sendable, Codable,
    ExpressibleByStringLiteral, CustomStringConvertible
{
    /// The name as it stands on the wire and in every log.
    public let rawValue: String
    /// Takes any text; what names are known is the registry's business.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// Lets an event's declaration write its topic as a literal.
    public init(stringLiteral value: String) { rawValue = value }

    /// The name itself.
    public var description: String { rawValue }
}
