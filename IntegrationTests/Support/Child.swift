import CSpawn
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

    /// Its process id; `env` has made way for the program under it.
    let process: pid_t
    private let ending: Ending

    /// What the waiting thread fills in.
    private final class Ending: Sendable {
        let end = Mutex<End?>(nil)
    }

    /// Starts a program, on `posix_spawn` and `waitpid`: Foundation's `Process` learns of an end
    /// through a descriptor that other children may hold open.
    init(
        _ path: String, _ arguments: [String], environment: [String: String], directory: String,
        input: String = "/dev/null", output: String, complaints: String
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let appending = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, appending, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, complaints, appending, 0o600)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)

        let variables = ["PATH": "/usr/bin:/bin", "HOME": directory].merging(environment) { $1 }
        // `env` changes the directory and then becomes the program, under the same process id. A
        // file that may not grow (setrlimit(2)) is an error to it, not the end.
        let words = Self.strings(
            ["env", "--chdir=\(directory)", "--ignore-signal=XFSZ", path] + arguments)
        let environment = Self.strings(variables.map { "\($0.key)=\($0.value)" })
        defer { for text in words + environment { free(text) } }
        Left.killAtExit()
        var child: pid_t = 0
        let code = posix_spawn(&child, "/usr/bin/env", &actions, nil, words, environment)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .ENOENT) }
        let (process, ending) = (child, Ending())
        Left.behind.withLock { _ = $0.insert(process) }
        Thread.detachNewThread {
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0, errno == EINTR {}
            Left.behind.withLock { _ = $0.remove(process) }
            let signal = status & 0x7F
            let exitCode = signal == 0 ? status >> 8 & 0xFF : 128 + signal
            ending.end.withLock { $0 = End(exitCode: exitCode, at: ContinuousClock.now) }
        }
        self.process = process
        self.ending = ending
    }

    /// A list of C strings with its end, to be freed by the caller.
    private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        texts.map { strdup($0) } + [nil]
    }

    /// `nil` while it runs.
    var end: End? { ending.end.withLock { $0 } }

    /// Waits until it has ended.
    func ended(within limit: Duration = .seconds(15)) async throws -> End {
        let end = try await eventually(
            "the end of process \(process)", within: limit, see: { self.end },
            until: { $0 != nil })
        guard let end else { throw CancellationError() }
        return end
    }

    /// Ends it without warning; does nothing when it has ended.
    func kill() { signal(SIGKILL) }

    /// Asks it to end.
    func terminate() { signal(SIGTERM) }

    /// Stops it where it stands, until it is resumed.
    func pause() { signal(SIGSTOP) }

    /// Lets a paused one go on.
    func resume() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        if end == nil { _ = Foundation.kill(process, number) }
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
