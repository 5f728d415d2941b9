import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A process behind the gateway that speaks bytes, so that it can break every rule of HTTP.
final class RawUpstream: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// One client's connection, as a script of a test sees it.
    struct Exchange {
        /// 1 for the first connection that the process took.
        let number: Int
        let channel: any Channel
        fileprivate var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        fileprivate let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        fileprivate var unread = ""

        /// The next request's head; `nil` when the client has gone.
        mutating func head() async throws -> String? {
            while true {
                if let end = unread.range(of: "\r\n\r\n") {
                    defer { unread = String(unread[end.upperBound...]) }
                    return String(unread[..<end.lowerBound])
                }
                guard let bytes = try await inbound.next() else { return nil }
                unread += String(buffer: bytes)
            }
        }

        /// As much of the body as has come by the time that there is anything.
        mutating func someBody() async throws -> String {
            if unread.isEmpty, let bytes = try await inbound.next() {
                unread += String(buffer: bytes)
            }
            defer { unread = "" }
            return unread
        }

        func say(_ text: String) async throws {
            try await outbound.write(ByteBuffer(string: text))
        }

        /// Ends the connection without the courtesies of TCP.
        func reset() async throws {
            let options = channel as? any SocketOptionProvider
            try await options?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            try await channel.close()
        }
    }

    private let server: NIOAsyncChannel<any Channel, Never>
    private let accepted: Accepted
    private let connections = Atomic(0)
    let port: Int

    var url: String { "http://127.0.0.1:\(port)" }
    var connectionCount: Int { connections.load(ordering: .relaxed) }

    private init(port: Int) async throws {
        let accepted = Accepted()
        self.accepted = accepted
        server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Nothing is read before somebody is there to take it.
            .childChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: port) { channel -> EventLoopFuture<any Channel> in
                accepted.add(channel)
                return channel.eventLoop.makeSucceededFuture(channel)
            }
        self.port = server.channel.localAddress?.port ?? 0
    }

    /// Runs one for as long as `body` takes.
    ///
    /// - Parameter script: what it does with each connection; the connection ends with it.
    static func withUpstream<T: Sendable>(
        port: Int = 0, script: @escaping @Sendable (inout Exchange) async throws -> Void,
        _ body: (RawUpstream) async throws -> T
    ) async throws -> T {
        let upstream = try await RawUpstream(port: port)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await upstream.serve(script) }
            let result: Result<T, any Error>
            do { result = .success(try await body(upstream)) } catch { result = .failure(error) }
            group.cancelAll()
            try? await group.waitForAll()
            upstream.accepted.closeAll()
            return try result.get()
        }
    }

    private func serve(
        _ script: @escaping @Sendable (inout Exchange) async throws -> Void
    ) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { incoming in
                for try await channel in incoming {
                    let number = connections.add(1, ordering: .relaxed).newValue
                    group.addTask {
                        let connection = try await channel.eventLoop.submit {
                            try Connection(wrappingChannelSynchronously: channel)
                        }.get()
                        try? await connection.executeThenClose { inbound, outbound in
                            try await channel.setOption(.autoRead, value: true).get()
                            var exchange = Exchange(
                                number: number, channel: channel,
                                inbound: inbound.makeAsyncIterator(), outbound: outbound)
                            try await script(&exchange)
                        }
                    }
                }
            }
        }
    }

    /// A port on which nobody listens: below those that the system gives to connections and to
    /// other tests' servers, and different each time.
    static func freePort() async throws -> Int {
        while true {
            let port = 4_000 + portsTaken.add(1, ordering: .relaxed).newValue % 4_000
            if let free = try? await withUpstream(port: port, script: { _ in }, { $0.port }) {
                return free
            }
        }
    }

    private static let portsTaken = Atomic(Int.random(in: 0..<4_000))
}

extension RawUpstream.Exchange {
    /// Answers every request of the connection with the same text.
    mutating func answerAll(_ answer: String) async throws {
        while try await head() != nil { try await say(answer) }
    }
}

/// The connections of an upstream, also those that no script came to.
private final class Accepted: Sendable {
    private let channels = Mutex<[any Channel]>([])

    func add(_ channel: any Channel) { channels.withLock { $0.append(channel) } }

    func closeAll() {
        for channel in channels.withLock({ $0 }) { channel.close(promise: nil) }
    }
}

/// What an upstream was sent, as a test sees it.
final class Received: Sendable {
    private let state = Mutex("")

    var text: String { state.withLock { $0 } }

    func add(_ text: String) { state.withLock { $0 += text } }
}
