import CPostgres
import Foundation
import Logging
import Synchronization

/// Hears what other processes announce, on a connection and a thread of its own.
final class PostgresListener: Sendable {
    private static let lookInterval: Int32 = 250
    private static let pauseAfterLoss = 1.0

    private let settings: PostgresSettings
    private let logger: Logger
    private let heed: @Sendable (DatabaseNews) -> Void
    private let isStopped = Atomic(false)

    init(
        _ settings: PostgresSettings, logger: Logger,
        _ heed: @escaping @Sendable (DatabaseNews) -> Void
    ) {
        self.settings = settings
        self.logger = logger
        self.heed = heed
    }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Listens until it is stopped, within a quarter of a second of that.
    func run() async {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                self.work()
                continuation.resume()
            }
            thread.name = "pg-listen-\(settings.module)"
            thread.start()
        }
    }

    private func work() {
        let channels = Dictionary(
            uniqueKeysWithValues: DatabaseNews.allCases.map { (settings.channel(of: $0), $0) })
        while !isStopped.load(ordering: .relaxed) {
            do {
                let connection = try PostgresConnection(
                    to: settings, logger: logger, counting: RoundTrips())
                try connection.listen(to: channels.keys.sorted())
                // What was announced before is not heard any more.
                for news in DatabaseNews.allCases { heed(news) }
                while !isStopped.load(ordering: .relaxed) {
                    let heard = try connection.notified(within: Self.lookInterval)
                    for news in heard.compactMap({ channels[$0] }) { heed(news) }
                }
            } catch {
                // The pool says so when the server is away; looking goes on without listening.
                logger.debug("not listening", metadata: ["error.message": "\(error)"])
                pause()
            }
        }
    }

    private func pause() {
        let end = Date() + Self.pauseAfterLoss
        while !isStopped.load(ordering: .relaxed), Date() < end {
            Thread.sleep(forTimeInterval: 0.1)
        }
    }
}

extension PostgresConnection {
    /// Subscribes to channels.
    ///
    /// - Throws: ``StorageError``.
    func listen(to channels: [String]) throws {
        for channel in channels { try run(script: "LISTEN \"\(channel)\"") }
    }

    /// The channels that were notified; blocks until some were or the time is over.
    ///
    /// - Throws: ``StorageError`` when the connection is lost.
    func notified(within milliseconds: Int32) throws -> Set<String> {
        var socket = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        if poll(&socket, 1, milliseconds) > 0, PQconsumeInput(handle) != 1 {
            throw StorageError(lost: handle)
        }
        var channels: Set<String> = []
        while let notification = PQnotifies(handle) {
            channels.insert(String(cString: notification.pointee.relname))
            PQfreemem(notification)
        }
        guard PQstatus(handle) == CONNECTION_OK else { throw StorageError(lost: handle) }
        return channels
    }
}
