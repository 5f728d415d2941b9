import Foundation

/// What is written to a user about one event: the text of a mail without its addresses.
struct Letter: Sendable, Hashable {
    let kind: Notice.Kind
    /// Free of secrets: it is listed to the user.
    let subject: String
    /// Whether the reader may be somebody else than the user, whose name is not theirs to know.
    var isToStranger = false
    /// What stands between greeting and signature.
    let paragraphs: [String]

    /// The text for one reader.
    ///
    /// - Parameter firstName: as the user gave it; `nil` when it is not known.
    func text(to firstName: String?) -> String {
        let name = isToStranger ? "" : (firstName ?? "").asOutsideWords()
        let greeting = name.isEmpty ? "Hello," : "Hello \(name),"
        return ([greeting] + paragraphs + ["The Flotilla crew"]).joined(separator: "\n\n")
    }

    /// A link on a line of its own, and when it ends.
    static func paragraphs(link: String, until end: Date?) -> [String] {
        guard let end else { return [link] }
        return [link, "The link works once, until \(spelled(end))."]
    }

    /// `2026-01-01 12:00:00 UTC`
    static func spelled(_ date: Date) -> String {
        let style = Date.ISO8601FormatStyle(timeZone: .gmt)
            .year().month().day().dateTimeSeparator(.space).time(includingFractionalSeconds: false)
        return "\(date.formatted(style)) UTC"
    }
}
