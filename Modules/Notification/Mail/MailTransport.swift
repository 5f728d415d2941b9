/// Where mails go.
///
/// A transport holds no mail back: `send` returns when the mail is out of this process's hands,
/// and throws when it is not known to be. A retry may then repeat a mail the server has taken; it
/// carries the same Message-ID.
protocol MailTransport: Sendable {
    /// Sends one mail.
    /// - Throws: ``MailError``, and `CancellationError` when the task is cancelled.
    func send(_ message: MailMessage) async throws

    /// Reaches the component without sending: the directory takes a file, the server greets.
    /// - Throws: as ``send(_:)``.
    func check() async throws
}

/// The transport a `mail.url` names.
func makeMailTransport(_ url: MailURL) -> any MailTransport {
    switch url.place {
    case .directory(let path): FileMailTransport(directory: path)
    case .server(let server): SMTPMailTransport(server: server)
    }
}
