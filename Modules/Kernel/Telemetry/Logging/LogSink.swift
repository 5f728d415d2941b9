internal import Synchronization

/// Where finished lines go.
public protocol LogSink: Sendable {
    /// Takes one line with its line break; it must not block.
    func write(_ line: [UInt8])
    /// Waits until the lines taken so far are out, for a bounded time.
    func flush()
}

/// Keeps lines, for tests.
public final class InMemorySink: LogSink {
    private let taken = Mutex<[String]>([])

    /// Starts empty.
    public init() {}

    /// The lines so far, without their line breaks.
    public var lines: [String] {
        taken.withLock { $0 }
    }

    /// Keeps the line.
    public func write(_ line: [UInt8]) {
        let text = String(decoding: line.last == 0x0a ? line.dropLast() : line[...], as: UTF8.self)
        taken.withLock { $0.append(text) }
    }

    /// Nothing is ever pending.
    public func flush() {}
}
