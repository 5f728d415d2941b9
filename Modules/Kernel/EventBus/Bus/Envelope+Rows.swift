import Events
import Storage

extension Envelope {
    /// The columns of an envelope, in the order of ``columnValues``.
    static let columns: SQL = """
        event_id, type, topic, key, time, correlation_id, causation_id, caused_in, request_id,
        traceparent, transaction_id, data
        """

    var columnValues: SQL {
        """
        \(id), \(type), \(topic), \(key), \(time), \(cause.correlationID), \(cause.causationID),
        \(cause.consumer), \(cause.requestID), \(cause.traceparent), \(cause.transactionID),
        \(JSON(data))
        """
    }

    /// Reads an envelope from a row that the module behind `log` published.
    init(_ row: Row, log: String) throws {
        self.init(
            id: try row.get("event_id"),
            type: try row.get("type"),
            source: Outbox.source(of: log),
            topic: try row.get("topic"),
            key: try row.get("key"),
            time: try row.get("time"),
            data: try row.get("data", as: JSON.self).data,
            cause: Cause(
                correlationID: try row.get("correlation_id"),
                causationID: try row.get("causation_id"),
                consumer: try row.get("caused_in"),
                requestID: try row.get("request_id"),
                traceparent: try row.get("traceparent"),
                transactionID: try row.get("transaction_id")))
    }
}

extension LoggedEvent {
    init(_ row: Row, log: String) throws {
        self.init(
            log: log, position: try row.get("position"), envelope: try Envelope(row, log: log))
    }
}
