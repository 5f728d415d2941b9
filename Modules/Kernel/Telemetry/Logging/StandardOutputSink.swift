internal import Dispatch
internal import Foundation

/// Writes lines to a descriptor from a thread of its own, so that no caller waits for a pipe.
///
/// Lines wait in a buffer of bounded size. While it is full new lines are dropped, and the next
/// write says how many; a slow reader costs lines, never requests.
public final class StandardOutputSink: LogSink {
    private let queue: LogQueue

    /// Writes to standard output, describing dropped lines in the settings' own format.
    public convenience init(settings: TelemetrySettings) {
        self.init(descriptor: STDOUT_FILENO) { count in
            LogRecord.dropped(count, settings: settings).line(settings.logFormat)
        }
    }

    /// - Parameters:
    ///   - descriptor: stays the caller's; it is not closed.
    ///   - byteCountMax: the most that may wait; 4 MiB is some 10 000 lines of 400 bytes.
    ///   - droppedLine: the line to write when `count` lines were dropped.
    package init(
        descriptor: Int32, byteCountMax: Int = 4 << 20,
        droppedLine: @escaping @Sendable (Int) -> [UInt8]
    ) {
        let queue = LogQueue(byteCountMax: byteCountMax)
        self.queue = queue
        let thread = Thread {
            DescriptorWriter.ignoreBrokenPipe()
            while let batch = queue.next() {
                if batch.droppedCount > 0 {
                    DescriptorWriter.write(droppedLine(batch.droppedCount), to: descriptor)
                }
                DescriptorWriter.write(batch.bytes, to: descriptor)
                for waiter in batch.waiters { waiter.signal() }
            }
        }
        thread.name = "flotilla-log"
        thread.start()
    }

    deinit {
        queue.close()
    }

    /// Lines dropped since the start.
    public var droppedTotal: Int { queue.droppedTotal }

    /// Queues the line, or counts it as dropped.
    public func write(_ line: [UInt8]) {
        queue.append(line)
    }

    /// Blocks until the queued lines are written, at most five seconds.
    public func flush() {
        _ = queue.waiter().wait(timeout: .now() + .seconds(5))
    }
}

/// Writing that survives interruptions, full pipes and absent readers.
private enum DescriptorWriter {
    /// The kernel sends SIGPIPE to the writing thread, so blocking it there is enough.
    static func ignoreBrokenPipe() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Writes everything, or gives the rest up when nobody can read it any more.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let chunk = UnsafeRawBufferPointer(rebasing: rest)
                let count = Foundation.write(descriptor, chunk.baseAddress, chunk.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if count < 0, errno == EAGAIN {
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, 1_000)
                } else if count == 0 || errno != EINTR {
                    return
                }
            }
        }
    }
}
