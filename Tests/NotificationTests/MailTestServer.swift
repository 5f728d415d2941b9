import Foundation
import Platform

@testable import Notification

/// A real SMTP server in a process of its own, on a port of its own, for the length of a closure.
struct MailTestServer: Sendable {
    let port: Int
    let directory: String
    fileprivate let input: FileHandle
    fileprivate let words: FileHandle
    fileprivate let process: Process

    enum Mode: String, Sendable {
        case plain
        /// Offers STARTTLS and takes no mail without it.
        case startTLS = "starttls"
        /// Speaks TLS from the first byte.
        case implicit
        /// Takes no mail without a login over STARTTLS: `anna` with `pass word@1`.
        case login
    }

    static let user = "anna"
    static let password = "pass word@1"

    /// The certificate of the TLS modes, self-signed for `localhost`.
    var certificate: String { "\(directory)/certificate.pem" }

    func url(
        _ options: String = "", scheme: String = "smtp", login: String = ""
    ) throws -> MailURL {
        try MailURL("\(scheme)://\(login)localhost:\(port)\(options)")
    }

    /// What arrived, oldest first. The server writes a mail down before it answers 250.
    func arrived() throws -> [Arrival] {
        try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.hasSuffix(".json") }.sorted()
            .map { try Data(contentsOf: URL(filePath: "\(directory)/\($0)")) }
            .map { try JSONDecoder().decode(Arrival.self, from: $0) }
    }

    /// Waits until the server has the data of a mail for `slow`.
    func thinks() async {
        _ = try? await WorkThreads(name: "mail", countMax: 1).run { words.availableData }
    }

    struct Arrival: Decodable {
        let sender: String
        let recipients: [String]
        /// The mail's bytes, base64.
        let content: Data
        let tls: Bool
        let login: String?
    }

    static func run<Value>(
        _ mode: Mode, _ body: (MailTestServer) async throws -> Value
    ) async throws -> Value {
        try await withMailDirectory { directory in
            let server = try await WorkThreads(name: "mail", countMax: 1).run {
                if mode != .plain { try makeCertificate(in: directory) }
                return try start(mode, in: directory)
            }
            // A closed standard input ends the server, even should this process be killed.
            defer {
                try? server.input.close()
                server.process.terminate()
            }
            return try await body(server)
        }
    }

    private static func start(_ mode: Mode, in directory: String) throws -> MailTestServer {
        let script = "\(directory)/server.py"
        try mailTestServerScript.write(toFile: script, atomically: true, encoding: .utf8)
        let (input, output) = (Pipe(), Pipe())
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [script, mode.rawValue, directory]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice  // it tells of every refused handshake
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            process.terminate()
            throw NotStarted()
        }
        return MailTestServer(
            port: port, directory: directory, input: input.fileHandleForWriting,
            words: output.fileHandleForReading, process: process)
    }

    struct NotStarted: Error {}

    private static func makeCertificate(in directory: String) throws {
        _ = try mailTestOutput(
            of: "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-days", "2", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost",
                "-keyout", "\(directory)/key.pem", "-out", "\(directory)/certificate.pem",
            ])
    }
}
