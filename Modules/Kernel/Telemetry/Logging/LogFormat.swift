internal import Foundation

/// The shape of a log line.
public enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object a line, for machines.
    case json
    /// One readable line, for a person at a terminal.
    case pretty

    /// Pretty when standard output is a terminal, JSON otherwise.
    public static var forStandardOutput: LogFormat {
        isatty(STDOUT_FILENO) == 1 ? .pretty : .json
    }
}
