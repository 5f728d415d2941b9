import ArgumentParser
import EventBus
import Events
import Foundation
import Web

/// `flotilla dead-letters`
struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Look at events that consumers could not handle; retry or discard them.",
        discussion: "Works beside a running server, which takes up a retry within a second.",
        subcommands: [List.self, Show.self, Retry.self, Discard.self])

    /// `flotilla dead-letters list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List dead letters, newest first.")

        @OptionGroup var common: CommonOptions

        @Option(help: "Of this consumer alone: payment.charge.")
        var consumer: String?
        @Option(help: "Of this key alone: the id of a user, an order, …")
        var key: String?
        @Option(help: "Of this event type alone.")
        var type: String?
        @Flag(help: "Also events that are tried again by themselves, or wait behind such.")
        var all = false
        @Option(help: "How many at most (1 to 1000).")
        var limit = 100
        @Flag(help: "One JSON document on standard output.")
        var json = false

        func validate() throws {
            guard (1...1_000).contains(limit) else {
                throw ValidationError("--limit takes 1 to 1000, not \(limit)")
            }
        }

        func run() async throws {
            var filter = DeadLetters.Filter()
            filter.consumer = consumer
            filter.key = key
            filter.type = type.map { EventType(rawValue: $0) }
            filter.includesLiving = all
            filter.limit = limit
            let letters = try await common.withDatabases { [filter] composition in
                try await composition.deadLetters.list(filter)
            }
            if json {
                try printJSON(Items(items: letters.map(DeadLetterBody.init)))
                return
            }
            guard !letters.isEmpty else {
                print(all ? "No event is parked." : "There are no dead letters.")
                return
            }
            for letter in letters { print(DeadLettersCommand.line(of: letter)) }
        }
    }

    /// `flotilla dead-letters show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show one dead letter: its payload, error, attempts, times and causation.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var letter: LetterOptions

        @Flag(help: "One JSON document on standard output.")
        var json = false

        func run() async throws {
            let letter = try await common.withDatabases { [letter] composition in
                try await composition.deadLetters.find(
                    try letter.requiredID(), consumer: letter.consumer)
            }
            let body = DeadLetterBody(letter)
            guard !json else { return try printJSON(body) }
            print(DeadLettersCommand.line(of: letter))
            let details: [(String, String?)] = [
                ("event", "\(body.eventId)  (\(body.publisher) position \(body.position))"),
                ("published", FlotillaJSON.rfc3339(body.occurredAt)),
                ("parked", FlotillaJSON.rfc3339(body.parkedAt)),
                ("last try", body.attemptedAt.map(FlotillaJSON.rfc3339)),
                ("next try", body.dueAt.map(FlotillaJSON.rfc3339)),
                ("correlation", body.correlationId),
                ("caused by", body.causationId?.description),
                ("error", body.error),
            ]
            for (name, value) in details {
                guard let value else { continue }
                print("  \(name.padding(toLength: 12, withPad: " ", startingAt: 0))\(value)")
            }
            if let original = body.originalPayload {
                print("  payload as it was published:")
                try printJSON(original)
                print("  payload as it was edited:")
            } else {
                print("  payload:")
            }
            try printJSON(body.payload)
        }
    }

    /// `flotilla dead-letters retry`
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry",
            abstract: "Have the events of a dead letter's key tried again, in their order.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var letter: LetterOptions

        @Option(help: "A file with the payload to try instead, as JSON; - is standard input.")
        var payload: String?

        func validate() throws {
            guard letter.id != nil || letter.consumer != nil else {
                throw ValidationError("name a dead letter, or --consumer for all of its own")
            }
            guard payload == nil || letter.id != nil else {
                throw ValidationError("--payload goes with one dead letter")
            }
        }

        func run() async throws {
            let payload = try payload.map { try Self.read($0) }
            let said = try await common.withDatabases { [letter] composition in
                let letters = composition.deadLetters
                if letter.id == nil, let consumer = letter.consumer {
                    let count = try await letters.retryAll(of: consumer, by: Operator.name)
                    return "\(count) dead letters of \(consumer) will be tried again."
                }
                let first = try await letters.retry(
                    try letter.requiredID(), consumer: letter.consumer, payload: payload,
                    by: Operator.name)
                let behind = first.waitingCount
                return "\(first.consumer) will try \(first.event.envelope.type) of key"
                    + " \(first.event.envelope.key) again"
                    + (behind == 0 ? "." : ", then the \(behind) behind it.")
            }
            print(said)
        }

        private static func read(_ file: String) throws -> Data {
            guard file != "-" else { return FileHandle.standardInput.readDataToEndOfFile() }
            guard let data = FileManager.default.contents(atPath: file) else {
                throw Complaint("can't read \(file)")
            }
            return data
        }
    }

    /// `flotilla dead-letters discard`
    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "discard",
            abstract: "Take a dead letter out for ever; its consumer will not handle that event.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var letter: LetterOptions

        @Option(help: "Why, for the audit trail.")
        var reason: String?

        func run() async throws {
            let letter = try await common.withDatabases { [letter, reason] composition in
                try await composition.deadLetters.discard(
                    try letter.requiredID(), consumer: letter.consumer, reason: reason,
                    by: Operator.name)
            }
            let behind = letter.waitingCount
            print(
                "\(letter.consumer) will not handle \(letter.event.envelope.type) of key"
                    + " \(letter.event.envelope.key)"
                    + (behind == 0 ? "." : "; the \(behind) behind it follow."))
        }
    }

    fileprivate static func line(of letter: DeadLetter) -> String {
        let envelope = letter.event.envelope
        var line =
            "\(letter.id)  \(letter.consumer)  \(envelope.type)  key \(envelope.key)"
            + "  \(letter.state) after \(letter.attempts)"
            + (letter.attempts == 1 ? " attempt" : " attempts")
        if letter.waitingCount > 0 { line += ", \(letter.waitingCount) behind it" }
        if let error = letter.error { line += "  \(error.replacing("\n", with: " "))" }
        return line
    }
}

/// Which dead letter is meant.
struct LetterOptions: ParsableArguments {
    @Argument(help: "The dead letter's id, or its event's.")
    var id: String?

    @Option(help: "The consumer, where an event is parked at several.")
    var consumer: String?

    /// - Throws: ``Complaint`` when it is missing or none.
    func requiredID() throws -> DeadLetterID {
        guard let id else { throw Complaint("name a dead letter by its id") }
        guard let letter = DeadLetterID(id) else {
            throw Complaint("\(id) is not a dead letter's id")
        }
        return letter
    }
}

/// Who sits at this machine.
enum Operator {
    /// For the audit trail: `cli:` and the user's name on the machine.
    static var name: String { "cli:\(NSUserName())" }
}
