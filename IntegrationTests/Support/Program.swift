import Foundation
import Testing

/// A program run to its end, with what it said.
struct Program: Sendable, CustomStringConvertible {
    let exitCode: Int32
    let output: String
    let complaints: String
    let duration: Duration

    var complaintLines: [Substring] { complaints.split(separator: "\n") }

    var description: String {
        "exit \(exitCode) after \(duration)\nstdout: \(output)\nstderr: \(complaints)"
    }

    /// Runs a program; one that takes too long is killed and its exit code is 137.
    static func run(
        _ path: String, _ arguments: [String], environment: [String: String] = [:],
        input: Data = Data(), in directory: String = "/tmp", within limit: Duration = .seconds(20)
    ) async throws -> Program {
        let files = try Directory()
        defer { files.remove() }
        try input.write(to: URL(filePath: files.path + "/in"))
        let start = ContinuousClock.now
        let child = try Child(
            path, arguments, environment: environment, directory: directory,
            input: files.path + "/in", output: files.path + "/out",
            complaints: files.path + "/err")
        defer { child.kill() }
        _ = try? await eventually(
            "the end of \(path)", within: limit, see: { child.end },
            until: { $0 != nil })
        child.kill()
        let end = try await child.ended()
        return Program(
            exitCode: end.exitCode, output: try files.text("out"),
            complaints: try files.text("err"), duration: end.at - start)
    }

    /// PostgreSQL's client itself: what Debian puts before it on the path looks for clusters first,
    /// for longer than a query takes.
    static let psql: String = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let newest = versions.max { (Int($0) ?? 0) < (Int($1) ?? 0) }
        return newest.map { "\(root)/\($0)/bin/psql" } ?? "/usr/bin/psql"
    }()

    /// The program under test: `FLOTILLA_BINARY`, or the one built next to the test bundle.
    static let flotilla: String = {
        if let path = ProcessInfo.processInfo.environment["FLOTILLA_BINARY"] { return path }
        let places =
            CommandLine.arguments + [
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
            ]
        let candidates = places.filter { $0.hasPrefix("/") }.map {
            ($0 as NSString).deletingLastPathComponent + "/flotilla"
        }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
            ?? "flotilla was not found beside \(places)"
    }()
}
