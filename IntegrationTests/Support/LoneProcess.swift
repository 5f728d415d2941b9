import AsyncHTTPClient
import Foundation
import Testing

/// A process that runs some of the modules, or is the gateway, with a directory of its own.
final class LoneProcess: Sendable {
    let process: Child
    private let directory: Directory
    let url: String

    /// Starts it, and waits until it listens.
    init(_ modules: String, environment: [String: String] = [:]) async throws {
        directory = try Directory()
        let path = directory.path
        var variables = [
            "FLOTILLA_MODULES": modules, "FLOTILLA_STORAGE_URL": "sqlite:\(path)/data",
            "FLOTILLA_MAIL_URL": "file:\(path)/mail", "FLOTILLA_LOG_FORMAT": "json",
        ]
        variables.merge(environment) { $1 }
        let process = try Child(
            Program.flotilla, ["serve", "--port", "0"], environment: variables, directory: path,
            output: "\(path)/log", complaints: "\(path)/err")
        self.process = process
        let log = directory
        let seen = try await eventually("\(modules) listens") {
            (
                url: try log.text("log").split(separator: "\n")
                    .compactMap { try? JSON(parsing: Data($0.utf8)) }
                    .first { $0["message"] == "listening" }?["server.url"].string,
                end: process.end
            )
        } until: {
            $0.url != nil || $0.end != nil
        }
        guard let url = seen.url else { throw DidNotStart(complaints: try log.text("err")) }
        self.url = url
    }

    /// The names of the files that it has made.
    var files: [String] {
        get throws { try FileManager.default.subpathsOfDirectory(atPath: directory.path) }
    }

    /// Runs a command with its storage, beside it.
    func command(
        _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> Program {
        try await Program.run(
            Program.flotilla, arguments,
            environment: environment.merging([
                "FLOTILLA_STORAGE_URL": "sqlite:\(directory.path)/data"
            ]) { $1 },
            input: Data(), in: directory.path, within: .seconds(20))
    }

    func remove() async throws {
        process.kill()
        _ = try await process.ended()
        directory.remove()
    }
}
