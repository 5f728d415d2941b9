import Foundation

/// Makes an event of a newer version from one of an older version.
///
/// A consumer of `OrderCreatedEventV2` that comes with an upcaster from V1 also hears what was
/// published as V1, on every way an event can come: live, retried, replayed.
public struct Upcaster: Sendable {
    /// The older version; it may have upcasters of its own, so that versions form a chain.
    public let older: any Event.Type
    private let upcast: @Sendable (any Event) throws -> any Event

    fileprivate init<Old: Event, New: Event>(_ upcast: @escaping @Sendable (Old) throws -> New) {
        older = Old.self
        self.upcast = { event in
            guard let event = event as? Old else { throw UpcastMismatch(expected: Old.type) }
            return try upcast(event)
        }
    }

    fileprivate func newer(from envelope: Envelope) throws -> any Event {
        try upcast(try Self.decode(older, from: envelope))
    }

    private static func decode<E: Event>(_ type: E.Type, from envelope: Envelope) throws -> E {
        try envelope.decode(type)
    }
}

extension Event {
    /// Makes this version from an older one.
    ///
    /// ```swift
    /// static var upcasters: [Upcaster] {
    ///     [upcast(from: OrderCreatedV1.self) { old in OrderCreated(…, channel: "web") }]
    /// }
    /// ```
    public static func upcast<Old: Event>(
        from older: Old.Type, _ upcast: @escaping @Sendable (Old) throws -> Self
    ) -> Upcaster {
        Upcaster(upcast)
    }

    /// None: this is the first version.
    public static var upcasters: [Upcaster] { [] }

    /// Every older version that this one can be made from, however long the chain.
    public static var olderVersions: [any Event.Type] {
        upcasters.flatMap { upcaster in [upcaster.older] + upcaster.older.olderVersions }
    }
}

extension Envelope {
    /// Decodes the payload as `E`, from the version that it was published as.
    ///
    /// - Throws: `DecodingError` when the payload is not of the shape that its type promises;
    ///   what an upcaster throws.
    public func decode<E: Event>(_ event: E.Type = E.self) throws -> E {
        if type != E.type {
            for upcaster in E.upcasters where upcaster.leads(from: type) {
                if let newer = try upcaster.newer(from: self) as? E { return newer }
            }
        }
        return try FlotillaJSON.decode(E.self, from: data)
    }
}

extension Upcaster {
    fileprivate func leads(from type: EventType) -> Bool {
        older.type == type || older.olderVersions.contains { $0.type == type }
    }
}

/// An upcaster was handed another event than the one it was declared for.
struct UpcastMismatch: Error {
    let expected: EventType
}
