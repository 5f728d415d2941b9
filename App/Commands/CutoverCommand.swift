import ArgumentParser
import EventBus
import Foundation
import Platform

/// `flotilla cutover`
struct CutoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cutover",
        abstract: "Move a module's consumers to Kafka while the system runs, and back.",
        discussion: """
            In this order: plan; shadow, then start the module's own process with bus.transport \
            kafka beside the old one; switch; verify. rollback undoes a switch at any time. See \
            docs/guides/splitting.md.
            """,
        subcommands: [Plan.self, Shadow.self, Switch.self, Verify.self, RollBack.self])

    /// What each step is told.
    struct Options: ParsableArguments {
        @OptionGroup var common: CommonOptions

        @Option(help: "The module that moves: search.")
        var module: String

        @Flag(help: "One JSON document on standard output.")
        var json = false

        func run<T: Sendable>(
            _ body: @escaping @Sendable (Cutover) async throws -> T
        ) async throws -> T {
            let name = module
            return try await common.withDatabases { composition in
                try composition.requireModule(name, of: "--module")
                let subscriptions = composition.modules.first { type(of: $0).name == name }
                    .map { Composition.subscriptions(of: $0, composition.endedAccess) }
                do {
                    return try await body(
                        Cutover(
                            module: name, subscriptions: subscriptions ?? [],
                            registry: composition.list.registry,
                            databases: composition.databases))
                } catch let error as CutoverError {
                    throw Complaint(error.sentence)
                }
            }
        }

        func show(_ standing: Cutover.Standing) throws {
            guard !json else { return try printJSON(standing) }
            for (consumer, route) in standing.routes.sorted(by: { $0.key < $1.key }) {
                print("\(consumer)  \(route ?? "wherever its process is")")
            }
            for log in standing.logs {
                let sent = log.sent.map { "sent up to \($0)" } ?? "not sent to the broker"
                let behind = log.taken.values.min().map { ", taken up to \($0)" } ?? ""
                print(
                    "\(log.log)  newest \(log.newest), \(sent), received up to"
                        + " \(log.received)\(behind)")
            }
        }
    }

    /// `flotilla cutover plan`
    struct Plan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "plan", abstract: "Show where everything stands and what comes next.")

        @OptionGroup var options: Options

        func run() async throws {
            let standing = try await options.run { try await $0.standing() }
            try options.show(standing)
            guard !options.json else { return }
            let unsent = standing.logs.filter { $0.sent == nil }.map(\.log)
            if !unsent.isEmpty {
                print("next: bus.externalize true where \(unsent.joined(separator: ", ")) runs")
            } else if standing.routes.values.allSatisfy({ $0 == nil }) {
                print("next: flotilla cutover shadow --module \(options.module)")
            } else if !standing.isReceived(by: standing) {
                print("next: the module's own process, with bus.transport kafka; it is to receive")
            } else if standing.routes.values.contains(where: { $0 != Cutover.broker }) {
                print("next: flotilla cutover switch --module \(options.module)")
            } else {
                print("next: flotilla cutover verify --module \(options.module)")
            }
        }
    }

    /// `flotilla cutover shadow`
    struct Shadow: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "shadow",
            abstract: "Keep the consumers where they are while their new process receives beside.")

        @OptionGroup var options: Options

        func run() async throws {
            let standing = try await options.run { cutover in
                try await cutover.shadow()
                return try await cutover.standing()
            }
            try options.show(standing)
        }
    }

    /// `flotilla cutover switch`
    struct Switch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "switch",
            abstract: "Hand the consumers over to the process that hears of events by Kafka.")

        @OptionGroup var options: Options

        @Option(help: "Seconds to wait until everything published has come.")
        var wait = 60

        func run() async throws {
            let (seconds, isQuiet) = (wait, options.json)
            let standing = try await options.run { cutover in
                let end = ContinuousClock.now + .seconds(seconds)
                let before = try await CutoverCommand.leases(of: cutover, to: Cutover.broker)
                let goal = try await cutover.standing()
                while true {
                    do {
                        try await cutover.toBroker(since: goal)
                        break
                    } catch let error as CutoverError {
                        guard case .notReceived = error, ContinuousClock.now < end else {
                            throw error
                        }
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                try await CutoverCommand.awaitTakeover(
                    of: cutover, from: before, isQuiet: isQuiet)
                return try await cutover.standing()
            }
            try options.show(standing)
        }
    }

    /// `flotilla cutover verify`
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Compare what Kafka brought with the logs, and what was made of it.",
            discussion: "Exit code 2 when something that was sent before it began is missing.")

        @OptionGroup var options: Options

        @Option(help: "Seconds to wait for what is on its way.")
        var wait = 20

        func run() async throws {
            let seconds = wait
            let result = try await options.run { cutover in
                let goal = try await cutover.standing()
                let end = ContinuousClock.now + .seconds(seconds)
                while true {
                    let result = try await cutover.verify(since: goal)
                    if result.isGood || ContinuousClock.now >= end { return result }
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
            if options.json {
                try printJSON(result)
            } else {
                for side in result.sides {
                    print(
                        "\(side.log) \(side.side) \(side.mark)  published \(side.published)"
                            + " (\(side.publishedHash)), received \(side.received)"
                            + " (\(side.receivedHash))  \(side.isEqual ? "equal" : "DIFFERENT")")
                }
                for key in result.untaken {
                    print(
                        "\(key.consumer)  \(key.log) key \(key.key)  published up to"
                            + " \(key.published), taken up to \(key.taken)")
                }
            }
            guard result.isGood else { throw Complaint("the two ways do not agree") }
        }
    }

    /// `flotilla cutover rollback`
    struct RollBack: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rollback",
            abstract: "Hand the consumers back to the process that has the logs at hand.")

        @OptionGroup var options: Options

        func run() async throws {
            let isQuiet = options.json
            let standing = try await options.run { cutover in
                let before = try await CutoverCommand.leases(of: cutover, to: Cutover.inProcess)
                try await cutover.rollBack()
                try await CutoverCommand.awaitTakeover(
                    of: cutover, from: before, isQuiet: isQuiet)
                return try await cutover.standing()
            }
            try options.show(standing)
        }
    }

    /// The leases before a move; `nil` when there is nothing to move any more.
    private static func leases(
        of cutover: Cutover, to transport: String
    ) async throws -> Cutover.Leases? {
        let routes = try await cutover.standing().routes.values
        return routes.allSatisfy { $0 == transport } ? nil : try await cutover.leases()
    }

    /// Waits until others run the consumers; says so when nobody does.
    private static func awaitTakeover(
        of cutover: Cutover, from before: Cutover.Leases?, isQuiet: Bool
    ) async throws {
        guard let before else { return }
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(20) {
            let leases = try await cutover.leases()
            if before.areSucceeded(by: leases, of: cutover.consumerCount) {
                guard !isQuiet else { return }
                let elapsed = Int((ContinuousClock.now - start) / .milliseconds(1))
                print("\(cutover.module) is taken over after \(elapsed) ms")
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        guard !isQuiet else { return }
        print("nobody runs the consumers of \(cutover.module) yet: start a process that does")
    }
}

extension CutoverError {
    /// For whoever asked for it.
    fileprivate var sentence: String {
        switch self {
        case .hearsNothing(let module):
            "--module: \(module) hears nothing, so that there is nothing to move"
        case .unreachable(let modules):
            "the logs of \(modules.joined(separator: ", ")) are to be reached from here"
        case .notReceived(let log, let received, let newest):
            "the broker has brought \(log) up to \(received) of \(newest): is the module's own"
                + " process running, and bus.externalize true?"
        }
    }
}
