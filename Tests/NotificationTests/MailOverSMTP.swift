import Foundation
import Testing

@testable import Notification

@Suite struct `Sending a mail over SMTP` {
    @Test(arguments: [
        ("busy", 451, false), ("gone", 550, true), ("late-busy", 451, false),
        ("late-gone", 554, true),
    ])
    func `reports the reply it was refused with`(
        recipient: String, reply: Int, isPermanent: Bool
    ) async throws {
        try await MailTestServer.run(.plain) { server in
            let transport = try makeMailTransport(server.url())
            let mail = try MailMessage.sample(to: "\(recipient)@example.org")
            let error = await #expect(throws: MailError.refused(reply: reply)) {
                try await transport.send(mail)
            }
            #expect(error?.isPermanent == isPermanent)
            let words = error.map { "\($0)" + String(reflecting: $0) } ?? ""
            #expect(!words.contains("example"))
            #expect(try server.arrived().isEmpty)
        }
    }

    @Test func `uses STARTTLS once the certificate is trusted`() async throws {
        try await MailTestServer.run(.startTLS) { server in
            let url = try server.url("?tls=required&ca=\(server.certificate)")
            try await makeMailTransport(url).send(.sample())
            let arrived = try server.arrived()
            #expect(arrived.map(\.tls) == [true])
            #expect(arrived.map(\.sender) == ["shop@flotilla.example"])
            #expect(arrived.map(\.recipients) == [["ben@example.org"]])
        }
    }

    @Test func `speaks TLS from the start to smtps`() async throws {
        try await MailTestServer.run(.implicit) { server in
            let url = try server.url("?ca=\(server.certificate)", scheme: "smtps")
            let transport = makeMailTransport(url)
            try await transport.check()
            try await transport.send(.sample())
            #expect(try server.arrived().map(\.tls) == [true])
        }
    }

    @Test(arguments: ["required", "opportunistic"])
    func `stops at a certificate it does not trust`(tls: String) async throws {
        try await MailTestServer.run(.startTLS) { server in
            let transport = try makeMailTransport(server.url("?tls=\(tls)"))
            await #expect(throws: MailError.untrusted) { try await transport.send(.sample()) }
            await #expect(throws: MailError.untrusted) { try await transport.check() }
            #expect(try server.arrived().isEmpty)
        }
    }

    @Test func `stops at a certificate for another name`() async throws {
        try await MailTestServer.run(.startTLS) { server in
            let url = "smtp://127.0.0.1:\(server.port)?tls=required&ca=\(server.certificate)"
            let transport = try makeMailTransport(MailURL(url))
            await #expect(throws: MailError.untrusted) { try await transport.send(.sample()) }
        }
    }

    @Test func `stops when the certificates to trust cannot be read`() async throws {
        try await MailTestServer.run(.startTLS) { server in
            let url = try server.url("?tls=required&ca=\(server.directory)/absent.pem")
            await #expect(throws: MailError.untrusted) {
                try await makeMailTransport(url).send(.sample())
            }
        }
    }

    @Test func `goes without TLS when told`() async throws {
        try await MailTestServer.run(.plain) { server in
            try await makeMailTransport(server.url("?tls=none")).send(.sample())
            #expect(try server.arrived().map(\.tls) == [false])
        }
    }

    @Test func `stops when required STARTTLS is not offered`() async throws {
        try await MailTestServer.run(.plain) { server in
            let transport = try makeMailTransport(server.url("?tls=required"))
            let error = await #expect(throws: MailError.untrusted) {
                try await transport.send(.sample())
            }
            #expect(error?.isPermanent == false)
            #expect(try server.arrived().isEmpty)
        }
    }

    @Test func `logs in with percent-decoded credentials, inside TLS`() async throws {
        try await MailTestServer.run(.login) { server in
            let url = try server.url("?ca=\(server.certificate)", login: "anna:pass%20word%401@")
            let transport = makeMailTransport(url)
            try await transport.check()
            try await transport.send(.sample())
            #expect(try server.arrived().map(\.login) == [MailTestServer.user])
            #expect(try server.arrived().map(\.tls) == [true])
        }
    }

    @Test func `is permanently refused with a wrong password`() async throws {
        try await MailTestServer.run(.login) { server in
            let url = try server.url("?ca=\(server.certificate)", login: "anna:wrong@")
            let transport = makeMailTransport(url)
            let error = await #expect(throws: MailError.refused(reply: 535)) {
                try await transport.send(.sample())
            }
            #expect(error?.isPermanent == true)
            await #expect(throws: MailError.refused(reply: 535)) { try await transport.check() }
            #expect(try server.arrived().isEmpty)
        }
    }

    @Test func `is permanently refused without the login the server wants`() async throws {
        try await MailTestServer.run(.login) { server in
            let url = try server.url("?tls=required&ca=\(server.certificate)")
            await #expect(throws: MailError.refused(reply: 530)) {
                try await makeMailTransport(url).send(.sample())
            }
        }
    }
}
