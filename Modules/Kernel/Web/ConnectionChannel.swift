import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// HTTP/1.1 on the thread of the connection's own event loop.
///
/// Hummingbird reads and writes on the loop and answers on the concurrent pool: two switches of
/// threads a request, which cost more than a short answer. Handlers may not block either of them,
/// so they can as well run where the bytes arrive. What blocks has threads of its own.
struct ConnectionChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    private let http: HTTP1Channel

    init(_ http: HTTP1Channel) { self.http = http }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        http.setup(channel: channel, logger: logger)
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await http.handle(value: value, logger: logger)
        }
    }
}

/// Runs the parts of tasks between their suspensions on an event loop.
private final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
