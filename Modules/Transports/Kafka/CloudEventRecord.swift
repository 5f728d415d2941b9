import Crypto
import EventBus
import Events
import Foundation

/// Events as records: CloudEvents 1.0, Kafka protocol binding 1.0.2, written in binary mode and
/// read in both.
enum CloudEventRecord {
    /// A header or attribute longer than this is nobody's.
    private static let textByteCountMax = 512

    // MARK: - Writing

    static func record(of event: LoggedEvent) -> KafkaRecord {
        let envelope = event.envelope
        let cause = envelope.cause
        var headers: [(name: String, value: String)] = [
            ("ce_specversion", Envelope.specificationVersion),
            ("ce_id", envelope.id.description),
            ("ce_type", envelope.type.rawValue),
            ("ce_source", envelope.source),
            ("ce_subject", envelope.key),
            ("ce_time", FlotillaJSON.rfc3339(envelope.time)),
            ("ce_sequence", sequence(event.position)),
            ("content-type", Envelope.contentType),
            ("correlationId", cause.correlationID),
        ]
        func add(_ name: String, _ value: String?) {
            if let value { headers.append((name, value)) }
        }
        add("causationId", cause.causationID?.description)
        add("causedIn", cause.consumer)
        add("requestId", cause.requestID)
        if let traceparent = cause.traceparent {
            add("traceparent", traceparent)
            let trace = traceparent.split(separator: "-")
            if trace.count == 4 {
                add("traceId", String(trace[1]))
                add("spanId", String(trace[2]))
            }
        }
        add("transactionId", cause.transactionID?.description)
        return KafkaRecord(
            id: envelope.id, topic: envelope.topic.rawValue, key: Array(envelope.key.utf8),
            value: Array(envelope.data), headers: headers,
            // That of the sending: the event's own is an attribute, and a broker drops records by
            // this one, also such as were sent late.
            timestamp: Int64((Date().timeIntervalSince1970 * 1_000).rounded()))
    }

    private static let sequenceByteCount = 20

    /// Padded, so that texts compare as the numbers do (CloudEvents extension "sequence").
    private static func sequence(_ position: Int64) -> String {
        String(unsafeUninitializedCapacity: sequenceByteCount) { text in
            var rest = position.magnitude
            for place in stride(from: sequenceByteCount - 1, through: 0, by: -1) {
                text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            return sequenceByteCount
        }
    }

    // MARK: - Reading

    /// A record as it came.
    struct Incoming {
        let topic: Topic
        let partition: Int32
        let offset: Int64
        /// Milliseconds since 1970; negative when there is none.
        let timestamp: Int64
        let key: Data?
        let value: Data?
        let headers: [String: Data]
    }

    /// The event in a record; what is none becomes one that says so, with its bytes.
    static func item(of record: Incoming) -> ReceivedPiece.Item {
        let fingerprint = fingerprint(of: record)
        do {
            let (envelope, position) = try event(in: record)
            return ReceivedPiece.Item(
                offset: record.offset, fingerprint: fingerprint, envelope: envelope,
                position: position)
        } catch {
            let message = UnreadableMessage(
                reason: error.reason, key: record.key, value: record.value ?? Data(),
                headers: record.headers.compactMapValues { String(validating: $0, as: UTF8.self) })
            let name = "\(record.topic)/\(record.partition)/\(record.offset)/\(fingerprint)"
            return ReceivedPiece.Item(
                offset: record.offset, fingerprint: fingerprint,
                envelope: message.envelope(
                    topic: record.topic, id: named(name), time: time(of: record)),
                position: nil)
        }
    }

    private struct Defect: Error {
        let reason: String
    }

    private static func event(
        in record: Incoming
    ) throws(Defect) -> (envelope: Envelope, position: Int64?) {
        var texts: [String: String] = [:]
        for (name, value) in record.headers {
            guard let text = String(validating: value, as: UTF8.self) else { continue }
            texts[name.lowercased()] = text
        }
        let contentType = texts["content-type"]?.lowercased() ?? ""
        if contentType.hasPrefix("application/cloudevents-batch") {
            throw Defect(reason: "a batch of CloudEvents, which Kafka's binding does not allow")
        }
        guard let value = record.value, !value.isEmpty else {
            throw Defect(reason: "the record has no value")
        }
        var attributes: [String: String] = [:]
        let data: Data
        if contentType.hasPrefix("application/cloudevents") {
            (attributes, data) = try structured(value)
        } else {
            for (name, text) in texts where name.hasPrefix("ce_") {
                attributes[String(name.dropFirst(3))] = text
            }
            guard !attributes.isEmpty else {
                throw Defect(reason: "no CloudEvents attributes (ce_… headers)")
            }
            guard isJSON(value) else { throw Defect(reason: "the value is not JSON") }
            data = value
        }
        return try envelope(attributes, texts, data: data, record)
    }

    private static func envelope(
        _ attributes: [String: String], _ texts: [String: String], data: Data, _ record: Incoming
    ) throws(Defect) -> (Envelope, Int64?) {
        func required(_ name: String) throws(Defect) -> String {
            guard let text = attributes[name], !text.isEmpty else {
                throw Defect(reason: "CloudEvents attribute \(name) is missing")
            }
            guard isUsable(text) else {
                throw Defect(reason: "CloudEvents attribute \(name) is too long or not text")
            }
            return text
        }
        func optional(_ name: String) -> String? { texts[name].flatMap { isUsable($0) ? $0 : nil } }
        let version = try required("specversion")
        guard version == "1.0" || version.hasPrefix("1.0.") else {
            throw Defect(reason: "CloudEvents version \(version.prefix(20)) is not 1.0")
        }
        let (id, source) = (try required("id"), try required("source"))
        let type = EventType(rawValue: try required("type"))
        guard type != UnreadableMessage.type else { throw Defect(reason: "no event's type") }
        let eventID = EventID(id) ?? named("\(source) \(id)")
        let key = try key(attributes["subject"], record, id: eventID)
        var date = time(of: record)
        if let text = attributes["time"] {
            guard let stated = FlotillaJSON.date(rfc3339: text) else {
                throw Defect(reason: "CloudEvents attribute time is no time of RFC 3339")
            }
            date = stated.wholeMilliseconds
        }
        let position =
            LogName.module(ofSource: source) == nil
            ? nil : attributes["sequence"].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
        return (
            Envelope(
                id: eventID, type: type, source: source, topic: record.topic, key: key, time: date,
                data: data,
                cause: Cause(
                    correlationID: optional("correlationid") ?? eventID.description,
                    causationID: optional("causationid").flatMap { EventID($0) },
                    consumer: optional("causedin"), requestID: optional("requestid"),
                    traceparent: optional("traceparent"),
                    transactionID: optional("transactionid").flatMap { TransactionID($0) })),
            position
        )
    }

    /// The subject; of writers who give none the record's key, and without that no order is asked.
    private static func key(
        _ subject: String?, _ record: Incoming, id: EventID
    ) throws(Defect) -> String {
        if let subject, !subject.isEmpty {
            guard isUsable(subject) else { throw Defect(reason: "the subject is too long") }
            return subject
        }
        guard let key = record.key, !key.isEmpty else { return id.description }
        guard let text = String(validating: key, as: UTF8.self), isUsable(text) else {
            throw Defect(reason: "the record's key is too long or not text")
        }
        return text
    }

    private static func structured(
        _ value: Data
    ) throws(Defect) -> (attributes: [String: String], data: Data) {
        guard let object = try? JSONSerialization.jsonObject(with: value) as? [String: Any] else {
            throw Defect(reason: "the value is not a CloudEvent in JSON")
        }
        var attributes: [String: String] = [:]
        for (name, value) in object where name != "data" && name != "data_base64" {
            attributes[name.lowercased()] = value as? String ?? "\(value)"
        }
        if let text = object["data_base64"] as? String {
            guard let data = Data(base64Encoded: text), isJSON(data) else {
                throw Defect(reason: "data_base64 is not JSON")
            }
            return (attributes, data)
        }
        guard let content = object["data"],
            let data = try? JSONSerialization.data(
                withJSONObject: content, options: [.fragmentsAllowed, .withoutEscapingSlashes])
        else { throw Defect(reason: "the CloudEvent has no data") }
        return (attributes, data)
    }

    private static func isJSON(_ data: Data) -> Bool {
        // A NUL is nowhere allowed in JSON, and PostgreSQL refuses it.
        guard String(validating: data, as: UTF8.self) != nil, !data.contains(0) else {
            return false
        }
        return (try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)) != nil
    }

    private static func isUsable(_ text: String) -> Bool {
        text.utf8.count <= textByteCountMax
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }

    /// Up to the year 2100: what lies beyond is a writer's mistake, and no database takes some.
    private static let usableTimestamps: ClosedRange<Int64> = 1...4_102_444_800_000

    private static func time(of record: Incoming) -> Date {
        usableTimestamps.contains(record.timestamp)
            ? Date(timeIntervalSince1970: Double(record.timestamp) / 1_000)
            : Date().wholeMilliseconds
    }

    /// A UUID made from a name (RFC 9562, version 8: a hash of ours).
    private static func named(_ name: String) -> EventID {
        var bytes = Array(SHA256.hash(data: Data("flotilla \(name)".utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        return EventID(
            bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) })
    }

    /// Over what makes a record itself.
    private static func fingerprint(of record: Incoming) -> Int64 {
        var hash = FNV1a()
        hash.mix(record.key ?? Data())
        hash.mix(record.value ?? Data())
        hash.mix(record.headers["ce_id"] ?? Data())
        hash.mix(withUnsafeBytes(of: record.timestamp) { Array($0) })
        return Int64(bitPattern: hash.value)
    }
}

extension String {
    init?(validating data: Data, as encoding: UTF8.Type) {
        guard let text = String(validating: Array(data), as: encoding) else { return nil }
        self = text
    }
}
