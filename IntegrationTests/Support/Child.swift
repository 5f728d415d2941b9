import Foundation
import Synchronization
import Testing

/// A child process with its streams in files. It never outlives the tests: whoever starts one
/// kills it, and what is left is killed when the test process exits.
final class Child: Sendable {
    /// How a process ended.
    struct End: Sendable {
        /// As a shell counts: 128 and the signal's number when a signal ended it.
        let exitCode: Int32
        let at: ContinuousClock.Instant
    }

    private let process: Process
    private let ending: Ending

    /// What the termination handler fills in.
    private final class Ending: Sendable {
        let end = Mutex<End?>(nil)
    }

    init(
        _ path: String, _ arguments: [String], environment: [String: String], directory: String,
        input: String = "/dev/null", output: String, complaints: String
    ) throws {
        let process = Process()
        let ending = Ending()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": directory].merging(environment) {
            $1
        }
        process.currentDirectoryURL = URL(filePath: directory)
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: input))
        process.standardOutput = try Self.appending(to: output)
        process.standardError = try Self.appending(to: complaints)
        process.terminationHandler = { process in
            let isSignal = process.terminationReason == .uncaughtSignal
            Left.behind.withLock { _ = $0.remove(process.processIdentifier) }
            ending.end.withLock {
                $0 = End(
                    exitCode: (isSignal ? 128 : 0) + process.terminationStatus,
                    at: ContinuousClock.now)
            }
        }
        self.process = process
        self.ending = ending
        Left.killAtExit()
        try process.run()
        Left.behind.withLock { _ = $0.insert(process.processIdentifier) }
        if end != nil { Left.behind.withLock { _ = $0.remove(process.processIdentifier) } }
    }

    /// `nil` while it runs.
    var end: End? { ending.end.withLock { $0 } }

    /// Waits until it has ended.
    func ended(within limit: Duration = .seconds(15)) async throws -> End {
        let end = try await eventually(
            "the end of process \(process.processIdentifier)", within: limit, see: { self.end },
            until: { $0 != nil })
        guard let end else { throw CancellationError() }
        return end
    }

    /// Ends it without warning; does nothing when it has ended.
    func kill() { signal(SIGKILL) }

    /// Asks it to end.
    func terminate() { signal(SIGTERM) }

    private func signal(_ number: Int32) {
        if end == nil { _ = Foundation.kill(process.processIdentifier, number) }
    }

    private static func appending(to path: String) throws -> FileHandle {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}

/// The processes that run, to be killed when the test process exits before they do.
private enum Left {
    static let behind = Mutex<Set<Int32>>([])
    private static let registration: Void = {
        atexit { for process in Left.behind.withLock({ $0 }) { _ = kill(process, SIGKILL) } }
    }()

    static func killAtExit() { registration }
}
