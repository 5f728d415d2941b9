import Foundation
import Testing

/// A real SMTP server, aiosmtpd, that keeps what it takes as files.
final class MailServer: Sendable {
    private let child: Child
    let mailbox: Mailbox

    /// Starts it on a port, and waits until it takes mail.
    init(port: UInt16, directory: Directory) async throws {
        mailbox = Mailbox(directory: directory, subdirectory: "maildir/new")
        child = try Child(
            "/usr/bin/python3",
            [
                "-m", "aiosmtpd", "-n", "-l", "127.0.0.1:\(port)", "-c",
                "aiosmtpd.handlers.Mailbox", "\(directory.path)/maildir",
            ],
            environment: [:], directory: directory.path, output: "\(directory.path)/smtp-out",
            complaints: "\(directory.path)/smtp-err")
        try await eventually("the mail server listens") {
            (try? RawConnection(port: port)) != nil
        } until: {
            $0
        }
    }

    deinit { child.kill() }
}
