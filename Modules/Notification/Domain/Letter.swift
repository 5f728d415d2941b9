import Foundation

/// What is written to a user about one event: the text of a mail without its addresses.
struct Letter: Sendable, Hashable {
    let kind: Notice.Kind
    /// Free of secrets: it is listed to the user.
    let subject: String
    /// What stands between greeting and signature.
    let paragraphs: [String]

    /// The text for one reader.
    ///
    /// - Parameter firstName: as the user gave it; `nil` where the reader may be somebody else.
    func text(to firstName: String? = nil) -> String {
        let name = (firstName ?? "").asOutsideWords()
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
