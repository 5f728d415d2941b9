import CSpawn
import Foundation
import Synchronization

/// A program that runs beside a test and ends when this object, or the test's process, is gone: the
/// end of its standard input tells it.
package final class Leash: Sendable {
    private let processID: pid_t
    private let input: Int32
    private let output: Int32
    /// What was read and is no whole line yet.
    private let rest = Mutex<[UInt8]>([])

    /// Starts it.
    ///
    /// - Parameter environment: what it is told beside this process's environment.
    /// - Throws: `POSIXError` when it can't be started.
    package init(
        _ path: String, _ arguments: [String], environment more: [String: String] = [:]
    ) throws {
        var (input, output): ([Int32], [Int32]) = ([0, 0], [0, 0])
        // No other child of this process may hold the ends open.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &input) == 0,
            socketpair(AF_UNIX, kind, 0, &output) == 0
        else { throw POSIXError(.EMFILE) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input[0], 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], 1)
        // A listener of another test would live on in it.
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)

        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        let environment = ProcessInfo.processInfo.environment.merging(more) { $1 }
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map {
            strdup("\($0.key)=\($0.value)")
        }
        words.append(nil)
        variables.append(nil)
        defer { for word in words + variables { free(word) } }
        // A thread of this process may have signals blocked that the program is to be ended with.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var child: pid_t = 0
        let code = posix_spawn(&child, path, &actions, &attributes, words, variables)
        close(input[0])
        close(output[1])
        self.input = input[1]
        self.output = output[0]
        processID = child
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .ENOENT) }
    }

    deinit {
        close(input)
        close(output)
        var status: Int32 = 0
        while processID > 0, waitpid(processID, &status, 0) < 0, errno == EINTR {}
    }

    /// The next line that it writes; blocks, `nil` at the end.
    package func readLine() -> String? {
        rest.withLock { rest in
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while true {
                if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { rest.removeSubrange(...end) }
                    return String(decoding: rest[..<end], as: UTF8.self)
                }
                let count = read(output, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return nil }
                rest += buffer.prefix(count)
            }
        }
    }

    /// Writes it a line.
    package func writeLine(_ line: String) {
        var bytes = Array("\(line)\n".utf8)
        _ = write(input, &bytes, bytes.count)
    }
}
