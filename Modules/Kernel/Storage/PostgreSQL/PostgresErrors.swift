import CPostgres
import Foundation

extension StorageError {
    /// What a statement met: its SQLSTATE, and a message that names no values.
    init(_ result: OpaquePointer?, connection: OpaquePointer) {
        let state = PQresultErrorField(result, Int32(UInt8(ascii: "C")))
            .map { String(cString: $0) }
        guard let state else {
            self.init(lost: connection)
            return
        }
        let message = PQresultErrorField(result, Int32(UInt8(ascii: "M")))
            .map { String(cString: $0) }
        self.init(sqlState: state, message: message ?? "no message")
    }

    static let lostCode = "08006"

    /// The connection is gone.
    init(lost connection: OpaquePointer) {
        self.init(kind: .unavailable, code: Self.lostCode, detail: Self.message(of: connection))
    }

    /// No connection came about.
    init(connecting connection: OpaquePointer, to url: PostgresURL) {
        let message = Self.message(of: connection)
        // libpq keeps no SQLSTATE of a refused start.
        // Of the server, of a role, or of a database.
        let isFull =
            message.contains("too many c") || message.contains("remaining connection")
        self.init(
            kind: .unavailable, code: isFull ? "53300" : "08001",
            detail: "can't connect to \(url): \(message)")
    }

    /// - Parameter message: PostgreSQL's primary message. It names tables and columns; values are
    ///   in its detail, which is left out, and in the messages of data exceptions.
    init(sqlState: String, message: String) {
        let kind: Kind =
            switch sqlState {
            case "23505": .uniqueViolation
            case "40001", "40P01": .conflict
            case "53100", "58030": .full
            case "55P03", "57014": .timeout
            case "XX000": .statement
            // The server is a standby, or was made read-only for want of space.
            case "25006": .unavailable
            // Raised by a trigger; a text that the database's encoding can't hold.
            case "P0001", "22021", "22P05": .constraintViolation
            default:
                switch sqlState.prefix(2) {
                case "23": .constraintViolation
                case "08", "53", "57", "58", "XX": .unavailable
                case "28", "3D": .unavailable
                default: .statement
                }
            }
        let isData = sqlState.hasPrefix("22")
        self.init(
            kind: kind, code: sqlState,
            detail: isData ? "a value does not fit its type" : message)
    }

    /// Whether a prepared statement no longer fits the schema, or is unknown to the server because
    /// a pooler gave the session to others.
    var isStalePlan: Bool {
        code == "26000" || (code == "0A000" && detail.contains("cached plan"))
    }

    /// Whether the connection that gave this error must not be used again.
    var endsConnection: Bool { isReadOnly }

    /// Whether it is not known whether the transaction committed.
    package var isOutcomeUnknown: Bool { code == "08007" }

    private static func message(of connection: OpaquePointer) -> String {
        String(cString: PQerrorMessage(connection))
            .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .joined(separator: "; ")
    }
}
