import FlotillaTesting
import Foundation
import Storage
import Testing

/// A server that proves who it is.
@Suite struct `Speaking to PostgreSQL over TLS` {
    /// A server with a certificate of its own making, and a client that trusts it.
    private struct Fort {
        let directory = try! TemporaryDirectory()
        let server: PostgresServer
        let certificate: String

        init() throws {
            // Where the server's user can read it, and nobody else.
            let place = "/tmp/flotilla-tls-\(UUID().uuidString.lowercased())"
            try FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: true)
            let (key, certificate) = (place + "/key.pem", place + "/certificate.pem")
            let made = try Command.run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
                ])
            try #require(made.status == 0)
            if getuid() == 0 {
                _ = try Command.run("/usr/bin/chown", ["-R", "postgres", place])
            }
            self.certificate = certificate
            server = try PostgresServer(options: [
                "-c", "ssl=on", "-c", "ssl_cert_file=\(certificate)", "-c", "ssl_key_file=\(key)",
            ])
        }

        func remove() {
            try? FileManager.default.removeItem(
                atPath: URL(filePath: certificate).deletingLastPathComponent().path)
        }

        func database(host: String, _ parameters: String) throws -> Database {
            let uri = server.uri.replacing("127.0.0.1", with: host) + "?" + parameters
            return try Database(module: "bench", at: try #require(StorageURL(uri)))
        }
    }

    @Test func `trusts the certificate that it was told of, and no other name or issuer`()
        async throws
    {
        let fort = try Fort()
        defer { fort.remove() }
        let trusting = try fort.database(
            host: "localhost", "sslmode=verify-full&sslrootcert=\(fort.certificate)")
        let version = try await trusting.read { transaction in
            try transaction.first(
                "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")?
                .get("version", as: String?.self)
        }
        #expect(version?.hasPrefix("TLS") == true)
        for (host, parameters) in [
            ("127.0.0.1", "sslmode=verify-full&sslrootcert=\(fort.certificate)"),
            ("localhost", "sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt"),
        ] {
            let doubting = try fort.database(host: host, parameters)
            let error = await #expect(throws: StorageError.self) {
                try await doubting.read { try $0.rows("SELECT 1 AS one") }
            }
            #expect(error?.kind == .unavailable)
        }
    }
}
