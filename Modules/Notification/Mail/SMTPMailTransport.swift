import Platform

/// Hands every mail to an SMTP server, one dialogue a mail.
///
/// libcurl blocks, so a dialogue runs on a thread of its own. Cancelling the task breaks it off
/// within a few seconds: libcurl asks once a second, last while it waits for the answer to `QUIT`.
struct SMTPMailTransport: MailTransport {
    private let server: SMTPServer
    private let limits: SMTPLimits
    private let threads: WorkThreads
    /// Of its own, so that a check does not stand in line behind mails.
    private let checkThreads = WorkThreads(name: "mail", countMax: 1)

    init(server: SMTPServer, limits: SMTPLimits = SMTPLimits()) {
        self.server = server
        self.limits = limits
        threads = WorkThreads(name: "mail", countMax: limits.dialogueCountMax)
    }

    func send(_ message: MailMessage) async throws {
        try await hold(SMTPDialogue(with: server, limits: limits, sending: message), on: threads)
    }

    /// Greets, encrypts and logs in as for a mail, then says `NOOP`.
    func check() async throws {
        try await hold(SMTPDialogue(with: server, limits: limits, sending: nil), on: checkThreads)
    }

    private func hold(_ dialogue: SMTPDialogue, on threads: WorkThreads) async throws {
        try await withTaskCancellationHandler {
            try await threads.run { try dialogue.hold() }
        } onCancel: {
            dialogue.breakOff()
        }
    }
}

/// How long and how many dialogues with a mail server may be.
struct SMTPLimits: Sendable {
    /// Resolving, connecting and the TLS handshake. A healthy server takes well under a second;
    /// ten leave room for two lost SYN packets (1 s + 2 s + 4 s of retransmission).
    var connect: Duration = .seconds(10)

    /// The whole dialogue. RFC 5321, section 4.5.3.2, would wait minutes for each command; here a
    /// retry waits outside instead, so that no caller is held longer than this and a second or two.
    var total: Duration = .seconds(60)

    /// Dialogues at a time: providers refuse more than a handful of connections from one client.
    var dialogueCountMax = 4
}
