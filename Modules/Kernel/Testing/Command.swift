import CSpawn
package import Foundation

/// Runs another program to its end, for tests that ask one for its opinion.
///
/// On `posix_spawn` and `waitpid`: Foundation's `Process` learns of an end through a descriptor
/// that other children, spawned at the same moment, may hold open, and then waits for ever.
package enum Command {
    /// What came of it.
    package struct Outcome: Sendable {
        /// As a shell counts: 128 and the signal's number when a signal ended it.
        package let status: Int32
        package let output: Data
        package let complaints: Data
    }

    /// Blocks the calling thread until the program ends.
    ///
    /// - Throws: `POSIXError` when the program can't be started.
    package static func run(
        _ path: String, _ arguments: [String], input: Data = Data()
    ) throws -> Outcome {
        let directory = try TemporaryDirectory()
        let files = ["in", "out", "err"].map { "\(directory.path)/\($0)" }
        try input.write(to: URL(filePath: files[0]))

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, files[0], O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, files[1], O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, files[2], O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)

        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, path, &actions, nil, words, environ)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .ENOENT) }

        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return Outcome(
            status: signal == 0 ? status >> 8 & 0xFF : 128 + signal,
            output: try Data(contentsOf: URL(filePath: files[1])),
            complaints: try Data(contentsOf: URL(filePath: files[2])))
    }
}
