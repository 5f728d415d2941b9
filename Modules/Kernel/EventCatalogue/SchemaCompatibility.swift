public import Events
public import Foundation

/// What changed between the events of a snapshot and those of the code, and whether it may.
///
/// The log keeps old events, and while a new version of the system is rolled out, old readers get
/// new events. So a payload must be readable in both directions, and nearly every change of a
/// field takes a new version of the event.
public struct SchemaCompatibility: Sendable, Hashable {
    /// One change.
    public struct Finding: Sendable, Hashable, CustomStringConvertible {
        /// The event type that changed.
        public let type: EventType
        /// Whether old readers or old events come to harm.
        public let severity: Severity
        /// What changed, with a way out when it is breaking.
        public let sentence: String

        /// The finding as a line of a report.
        public var description: String { "\(severity): \(type): \(sentence)" }
    }

    /// What a change does to readers and events of the other version.
    public enum Severity: String, Sendable, CaseIterable {
        /// Some reader fails on some event.
        case breaking
        /// Both versions read both.
        case additive
    }

    /// All changes, by type and place in the payload.
    public let findings: [Finding]

    /// Whether the code must not be released as it is.
    public var isBreaking: Bool { findings.contains { $0.severity == .breaking } }

    /// Compares a document of ``EventCatalogue/asyncAPI()``, as it once was, with a catalogue.
    ///
    /// - Throws: `DecodingError` when the snapshot is no such document, and what
    ///   ``EventCatalogue/asyncAPI()`` throws.
    public init(snapshot: Data, catalogue: EventCatalogue) throws {
        let old = try JSONDecoder().decode(AsyncAPIDocument.self, from: snapshot)
        try self.init(from: old, to: try catalogue.document())
    }

    init(from old: AsyncAPIDocument, to new: AsyncAPIDocument) throws {
        let before = Self.messages(of: old)
        let after = Self.messages(of: new)
        let types = Set(before.keys).union(after.keys)
        findings = try types.sorted().flatMap { type in
            let changes: [PayloadChange]
            switch (before[type], after[type]) {
            case (let before?, let after?):
                var comparison = PayloadComparison(old: old, new: new)
                if before.topic != after.topic {
                    comparison.changes.append(.moved(from: before.topic, to: after.topic))
                }
                try comparison.compare(before.payload, after.payload)
                changes = comparison.changes
            case (nil, _): changes = [.newType]
            case (_, nil): changes = [.removedType]
            }
            let next = Self.nextVersion(of: type, among: types)
            return changes.map { change in
                let advice = change.needsNewVersion ? "; make it \(next)" : ""
                return Finding(
                    type: EventType(rawValue: type), severity: change.severity,
                    sentence: change.clause + advice)
            }
        }
    }

    private static func messages(
        of document: AsyncAPIDocument
    ) -> [String: (topic: String, payload: PayloadSchema.Shape)] {
        var messages: [String: (topic: String, payload: PayloadSchema.Shape)] = [:]
        for channel in document.channels.values {
            for message in channel.messages.values {
                messages[message.name] = (channel.address, message.payload.shape)
            }
        }
        return messages
    }

    /// The name with the first version that no type has.
    private static func nextVersion(of type: String, among types: Set<String>) -> String {
        let match = type.wholeMatch(of: /(.*?)V(\d+)/)
        let base = match.map { String($0.1) } ?? type
        var version = (match.flatMap { Int($0.2) } ?? 1) + 1
        while types.contains("\(base)V\(version)") { version += 1 }
        return "\(base)V\(version)"
    }
}
