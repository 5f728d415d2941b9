import Events
import Storage

extension Envelope {
    /// The columns of an envelope, in the order of ``columnValues``.
    static let columns: SQL = """
        event_id, type, topic, key, time, correlation_id, causation_id, caused_in, request_id,
        traceparent, data
        """

    var columnValues: SQL {
        """
        \(id), \(type), \(topic), \(key), \(time), \(cause.correlationID), \(cause.causationID),
        \(cause.consumer), \(cause.requestID), \(cause.traceparent), \(JSON(data))
        """
    }

    /// Reads an envelope that the module behind `source` published.
    init(_ row: Row, source: String) throws {
        self.init(
            id: try row.get("event_id"),
            type: try row.get("type"),
            source: source,
            topic: try row.get("topic"),
            key: try row.get("key"),
            time: try row.get("time"),
            data: try row.get("data", as: JSON.self).data,
            cause: Cause(
                correlationID: try row.get("correlation_id"),
                causationID: try row.get("causation_id"),
                consumer: try row.get("caused_in"),
                requestID: try row.get("request_id"),
                traceparent: try row.get("traceparent")))
    }
}

extension LoggedEvent {
    init(_ row: Row, source: String) throws {
        self.init(
            position: try row.get("position"), envelope: try Envelope(row, source: source))
    }
}
