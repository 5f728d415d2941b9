import Foundation
import Platform
import Synchronization
import Testing

@testable import Notification

@Suite struct `Sending a mail to a server that does not answer` {
    @Test func `is worth a retry when nobody listens`() async throws {
        let socket = try SilentSocket()
        socket.stopListening()
        let transport = try makeMailTransport(MailURL("smtp://127.0.0.1:\(socket.port)"))
        let error = await #expect(throws: MailError.unreachable) {
            try await transport.send(.sample())
        }
        #expect(error?.isPermanent == false)
        await #expect(throws: MailError.unreachable) { try await transport.check() }
    }

    @Test func `is worth a retry when the name does not resolve`() async throws {
        let transport = try makeMailTransport(MailURL("smtp://mail.invalid:25"))
        await #expect(throws: MailError.unreachable) { try await transport.send(.sample()) }
    }

    @Test func `ends after the time allowed`() async throws {
        let socket = try SilentSocket()
        let error = await #expect(throws: MailError.timedOut) {
            try await silent(socket, total: .milliseconds(300)).send(.sample())
        }
        #expect(error?.isPermanent == false)
    }

    @Test(.timeLimit(.minutes(4)))
    func `ends with the task that sends`() async throws {
        let socket = try SilentSocket()
        let transport = try silent(socket, total: .seconds(600))
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await transport.send(.sample()) }
            await socket.accepted()
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.waitForAll() }
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func `ends with the task while the server thinks about the mail`() async throws {
        try await MailTestServer.run(.plain) { server in
            let transport = try makeMailTransport(server.url())
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await transport.send(.sample(to: "slow@example.org")) }
                await server.thinks()
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.waitForAll() }
            }
            #expect(try server.arrived().isEmpty)
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func `ends after the time allowed while the server thinks about the mail`() async throws {
        try await MailTestServer.run(.plain) { server in
            guard case .server(let place) = try server.url().place else { return }
            let limits = SMTPLimits(total: .seconds(2))
            await #expect(throws: MailError.timedOut) {
                try await SMTPMailTransport(server: place, limits: limits)
                    .send(.sample(to: "slow@example.org"))
            }
        }
    }

    @Test func `never starts in a cancelled task`() async throws {
        let socket = try SilentSocket()
        let transport = try silent(socket, total: .seconds(600))
        await withThrowingTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask { try await transport.send(.sample()) }
            await #expect(throws: CancellationError.self) { try await group.waitForAll() }
        }
    }

    private func silent(_ socket: SilentSocket, total: Duration) throws -> SMTPMailTransport {
        let server = SMTPServer(
            host: "127.0.0.1", port: socket.port, credentials: nil, security: .none, caPath: nil)
        return SMTPMailTransport(server: server, limits: SMTPLimits(total: total))
    }
}

/// A socket on a port of its own that takes connections and says nothing.
private final class SilentSocket: Sendable {
    let port: Int
    private let descriptor: Mutex<Int32?>

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) | listen(descriptor, 8)
                    | getsockname(descriptor, $0, &size)
            }
        }
        try #require(status == 0)
        port = Int(UInt16(bigEndian: address.sin_port))
        self.descriptor = Mutex(descriptor)
    }

    /// Waits for a connection, and keeps it open.
    func accepted() async {
        let descriptor = descriptor.withLock { $0 ?? -1 }
        _ = try? await WorkThreads(name: "mail", countMax: 1).run { accept(descriptor, nil, nil) }
    }

    func stopListening() {
        descriptor.withLock { descriptor in
            if let open = descriptor.take() { close(open) }
        }
    }

    deinit { stopListening() }
}
