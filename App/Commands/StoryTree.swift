import EventBus
import Events
import Foundation

/// Draws the life of an event as a tree: event → consumer → event.
struct StoryTree {
    let lines: [String]

    init(_ story: EventStory) {
        lines = Self.lines(of: story, since: story.time)
    }

    private static func lines(of story: EventStory, since start: Date) -> [String] {
        let place =
            story.scheduledFor.map { "scheduled for \($0.ISO8601Format())" }
            ?? "position \(story.position)"
        let head =
            "\(story.type)  \(story.id)  \(offset(of: story.time, since: start))"
            + "  (\(story.publisher) \(place))"
        let branches = story.deliveries.map { delivery in
            [line(of: delivery, since: start)]
                + indented(
                    story.caused.filter { $0.causedIn == delivery.consumer }
                        .map { lines(of: $0, since: start) })
        }
        return [head] + indented(branches)
    }

    private static func line(of delivery: EventStory.Delivered, since start: Date) -> String {
        var line = "\(delivery.consumer)  \(delivery.state)"
        if let at = delivery.at { line += "  \(offset(of: at, since: start))" }
        if let microseconds = delivery.durationMicroseconds {
            line += "  took \(rounded(Double(microseconds) / 1_000)) ms"
        }
        if delivery.attempts > 1 { line += "  attempt \(delivery.attempts)" }
        if let due = delivery.dueAt { line += "  again at \(offset(of: due, since: start))" }
        if let id = delivery.deadLetterId { line += "  dead letter \(id)" }
        if let error = delivery.error { line += "  \(error)" }
        return line
    }

    private static func offset(of date: Date, since start: Date) -> String {
        "+\(rounded(date.timeIntervalSince(start) * 1_000)) ms"
    }

    private static func rounded(_ value: Double) -> String { String(format: "%.1f", value) }

    private static func indented(_ branches: [[String]]) -> [String] {
        branches.enumerated().flatMap { index, branch in
            let isLast = index == branches.count - 1
            return branch.enumerated().map { line, text in
                (line == 0 ? (isLast ? "└─ " : "├─ ") : (isLast ? "   " : "│  ")) + text
            }
        }
    }
}
