import ArgumentParser
import EventBus
import Events
import Foundation

/// `flotilla events replay`
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Have one consumer hear again what it heard before.",
        discussion: """
            Without --from, a consumer that can be rebuilt begins with fresh state; any other, and \
            with --from every one, is redelivered the events onto the state that it has. Effects \
            (mails, payments) stay silent unless --with-effects is given. Beside a running server \
            the server does it; else this command does, for this consumer alone.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "The consumer: search.user-index.")
    var consumer: String

    @Option(help: "An event's id, or a time (RFC 3339) (default: the beginning).")
    var from: String?

    @Flag(help: "An effect consumer performs its effects again.")
    var withEffects = false

    @Flag(help: "Ask for it and do not wait for its end.")
    var detach = false

    @Flag(help: "One JSON document on standard output, at the end.")
    var json = false

    func run() async throws {
        var origin = Replays.Origin.beginning
        if let from {
            guard let parsed = Replays.Origin(from) else {
                throw Complaint("--from: \(from) is neither an event's id nor an RFC 3339 time")
            }
            origin = parsed
        }
        let progress = try await common.withDatabases(consuming: [consumer]) {
            [self, origin] composition in
            try await composition.replays.request(
                of: consumer, from: origin, withEffects: withEffects, by: Operator.name)
            guard !detach else { return try await composition.replays.progress(of: consumer) }
            return try await Self.follow(consumer, in: composition, isQuiet: json)
        }
        if json {
            try printJSON(Items(items: progress))
        } else {
            let total = progress.reduce(0) { $0 + $1.total }
            print(
                detach
                    ? "\(consumer) will hear it again." : "\(consumer) has heard \(total) again.")
        }
    }

    /// Runs the consumer, in case nobody else does, and shows how far it is until it is done.
    private static func follow(
        _ consumer: String, in composition: Composition, isQuiet: Bool
    ) async throws -> [Replays.Progress] {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(name: "bus") { await composition.bus.run() }
            defer { group.cancelAll() }
            var meter = ProgressMeter(isQuiet: isQuiet)
            let start = ContinuousClock.now
            var hasHinted = false
            while true {
                let progress = try await composition.replays.progress(of: consumer)
                meter.show(
                    done: progress.reduce(0) { $0 + $1.done },
                    total: progress.reduce(0) { $0 + $1.total })
                guard !progress.isEmpty else {
                    throw Complaint("\(consumer) did not begin: events it needs were dropped")
                }
                if !hasHinted, !progress.contains(where: \.hasBegun),
                    ContinuousClock.now - start > .seconds(5)
                {
                    hasHinted = true
                    meter.say("\(consumer) has not begun yet: see `flotilla consumers`")
                }
                if progress.allSatisfy(\.hasEnded) {
                    meter.end()
                    return progress
                }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}

/// Shows how far long work is on standard error: in place on a terminal, else now and then.
struct ProgressMeter {
    private static let interval = Duration.seconds(5)
    private let isQuiet: Bool
    private let isTerminal = isatty(2) == 1
    private let start = ContinuousClock.now
    private var shownAt: ContinuousClock.Instant?

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    mutating func show(done: Int64, total: Int64) {
        guard !isQuiet, total > 0 else { return }
        let now = ContinuousClock.now
        if let shownAt, !isTerminal, now - shownAt < Self.interval { return }
        shownAt = now
        let seconds = max((now - start) / .seconds(1), 0.001)
        let rate = Double(done) / seconds
        let left = rate > 0 ? Double(total - done) / rate : 0
        let line =
            "\(done) of \(total) (\(done * 100 / total) %), \(Int(rate))/s, \(Int(left)) s left"
        write(isTerminal ? "\r\(line)\u{1B}[K" : "\(line)\n")
    }

    func say(_ line: String) {
        if !isQuiet { write("\(line)\n") }
    }

    func end() {
        if isTerminal, shownAt != nil { write("\n") }
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
