import ArgumentParser
import Foundation

/// What `make bench` measures in a process of its own: the bus and the relay, and beside them the
/// bare components. Each command does one piece of work, checks what it did, and prints one line
/// of JSON; `bench/harness` runs them in turns and compares.
@main
struct FlotillaBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla-bench",
        abstract: "Measures the bus, the relay, and the bare components beside them.",
        subcommands: [
            ServeBare.self, MeasureBus.self, FollowBus.self, MeasureLatency.self,
            MeasureRelay.self, ProduceBare.self, ReplayRows.self, ReplayEvents.self,
            HashBeside.self,
        ])

    /// As `flotilla` does: what a caller did wrong is exit code 2.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch let error where exitCode(for: error) == .success {
            print(message(for: error))
        } catch {
            let isUsage = exitCode(for: error) == .validationFailure
            let text = message(for: error).replacing("\n", with: " ")
            FileHandle.standardError.write(Data("flotilla-bench: \(text)\n".utf8))
            Foundation.exit(isUsage ? 2 : 1)
        }
    }
}

/// What was measured is not what was meant.
struct WrongResult: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Fails unless the condition holds.
func verify(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
    guard condition else { throw WrongResult(problem()) }
}

/// Writes a line of JSON at once, also into a pipe.
func say(_ result: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try FileHandle.standardOutput.write(contentsOf: encoder.encode(result) + Data("\n".utf8))
}

/// Waits until whoever started this has no more use for it.
func standardInputEnded() async {
    await withCheckedContinuation { continuation in
        Thread {
            while readLine() != nil {}
            continuation.resume()
        }.start()
    }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}
