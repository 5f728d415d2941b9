import Foundation

extension MailMessage {
    /// The mail as RFC 5322 text: ASCII, CRLF line ends, quoted-printable body.
    ///
    /// The same message renders to the same bytes, so a mail sent twice is recognisably one.
    func rendered() -> String {
        let headers: [MailHeader] = [
            .plain("Date", Self.rfc5322(date)),
            .mailbox("From", from),
            .mailbox("To", to),
            .text("Subject", subject),
            .plain("Message-ID", "<\(id)@\(from.domain)>"),
            .plain("Auto-Submitted", "auto-generated"),  // RFC 3834: no vacation notes in return
            .plain("MIME-Version", "1.0"),
            .plain("Content-Type", "text/plain; charset=utf-8"),
            .plain("Content-Transfer-Encoding", "quoted-printable"),
        ]
        return headers.map(\.rendered).joined() + "\r\n" + QuotedPrintable.encode(text)
    }

    /// `Sat, 12 Jul 2025 10:00:00 +0000`: by hand, because the words are fixed and no locale's.
    static func rfc5322(_ date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let part = calendar.dateComponents(
            [.year, .month, .day, .weekday, .hour, .minute, .second], from: date)
        let weekday = weekdays[((part.weekday ?? 1) - 1) % 7]
        let month = months[((part.month ?? 1) - 1) % 12]
        let time = [part.hour, part.minute, part.second].map { twoDigits($0 ?? 0) }
        let year = part.year ?? 0
        let day = part.day ?? 1
        return "\(weekday), \(day) \(month) \(year) \(time.joined(separator: ":")) +0000"
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
