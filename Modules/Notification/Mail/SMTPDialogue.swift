import CCurl
import Synchronization

/// One dialogue with a server: greeting, STARTTLS, login, then a mail or `NOOP`.
///
/// A class, because the thread that holds the dialogue and the one that breaks it off share an
/// atomic; nothing else of it changes.
final class SMTPDialogue: Sendable {
    private let server: SMTPServer
    private let limits: SMTPLimits
    private let message: MailMessage?
    private let isBrokenOff = Atomic<Bool>(false)

    init(with server: SMTPServer, limits: SMTPLimits, sending message: MailMessage?) {
        (self.server, self.limits, self.message) = (server, limits, message)
    }

    /// Makes ``hold()`` give up. Any thread may call it, at any time.
    func breakOff() {
        isBrokenOff.store(true, ordering: .relaxed)
    }

    /// Blocks until the server has taken the mail.
    /// - Throws: ``MailError``; `CancellationError` after ``breakOff()``.
    func hold() throws {
        var curl = try CurlEasy()
        try address(curl)
        try secure(curl)
        let transfer = SMTPTransfer(
            message.map { Array($0.rendered().utf8) } ?? [], until: .now + limits.total
        ) { [self] in isBrokenOff.load(ordering: .relaxed) }
        try bound(curl, by: transfer)
        if let message { try load(message, transfer, into: &curl) } else { try loadNoop(curl) }
        // libcurl holds plain pointers to the transfer.
        let code = withExtendedLifetime(transfer) { curl.perform() }
        switch code {
        case CURLE_OK: return
        case CURLE_ABORTED_BY_CALLBACK where transfer.isBrokenOff(): throw CancellationError()
        default: throw Self.error(code, reply: curl.replyCode)
        }
    }

    private func address(_ curl: borrowing CurlEasy) throws(MailError) {
        let scheme = server.security == .implicit ? "smtps" : "smtp"
        try curl.set(CURLOPT_URL, "\(scheme)://\(server.bracketedHost):\(server.port)")
        try curl.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        try curl.set(CURLOPT_PROXY, "")  // `mail.url` decides, not ALL_PROXY of the environment
        try curl.set(CURLOPT_NOSIGNAL, 1)  // no SIGALRM in a process with threads
        if let credentials = server.credentials {
            try curl.set(CURLOPT_USERNAME, credentials.user)
            try curl.set(CURLOPT_PASSWORD, credentials.password)
        }
    }

    /// Bounds the dialogue in time, its end included.
    ///
    /// `CURLOPT_TIMEOUT_MS` does not bound the `QUIT` that ends even a dialogue broken off: libcurl
    /// waits two minutes for its answer. The callback does, but only while libcurl closes the
    /// connection in the same transfer, so no connection is kept.
    private func bound(
        _ curl: borrowing CurlEasy, by transfer: SMTPTransfer
    ) throws(MailError) {
        try curl.set(CURLOPT_CONNECTTIMEOUT_MS, limits.connect.milliseconds)
        try curl.set(CURLOPT_TIMEOUT_MS, limits.total.milliseconds)
        try curl.set(CURLOPT_FORBID_REUSE, 1)
        try curl.setProgress { object, _, _, _, _ in
            object.map { SMTPTransfer.at($0).mustEnd } == true ? 1 : 0
        }
        try curl.set(CURLOPT_XFERINFODATA, object: transfer)
        try curl.set(CURLOPT_NOPROGRESS, 0)
    }

    private func secure(_ curl: borrowing CurlEasy) throws(MailError) {
        let use =
            switch server.security {
            case .implicit, .required: CURLUSESSL_ALL
            case .opportunistic: CURLUSESSL_TRY
            case .none: CURLUSESSL_NONE
            }
        try curl.set(CURLOPT_USE_SSL, Int(use.rawValue))
        try curl.set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        try curl.set(CURLOPT_SSL_VERIFYPEER, 1)
        try curl.set(CURLOPT_SSL_VERIFYHOST, 2)  // 2: the name must match (curl's own default)
        if let path = server.caPath {
            try curl.set(CURLOPT_CAINFO, path)
            // Instead of the system's certificates: Debian's libcurl has a directory of them.
            try curl.unset(CURLOPT_CAPATH)
        }
    }

    private func load(
        _ message: MailMessage, _ transfer: SMTPTransfer, into curl: inout CurlEasy
    ) throws(MailError) {
        try curl.set(CURLOPT_MAIL_FROM, "<\(message.from.address)>")
        try curl.set(CURLOPT_MAIL_RCPT, entry: "<\(message.to.address)>")
        try curl.set(CURLOPT_UPLOAD, 1)
        try curl.set(CURLOPT_INFILESIZE_LARGE, size: transfer.count)
        try curl.setRead { buffer, size, count, object in
            guard let buffer, let object else { return 0 }
            let room = UnsafeMutableRawBufferPointer(start: buffer, count: size * count)
            return SMTPTransfer.at(object).fill(room)
        }
        try curl.set(CURLOPT_READDATA, object: transfer)
    }

    private func loadNoop(_ curl: borrowing CurlEasy) throws(MailError) {
        try curl.set(CURLOPT_CUSTOMREQUEST, "NOOP")
        try curl.set(CURLOPT_NOBODY, 1)
        // The reply would go to standard output.
        try curl.setWrite { _, size, count, _ in size * count }
    }
}

extension SMTPDialogue {
    /// Why a transfer failed.
    ///
    /// The server's last reply decides only once TLS and time are ruled out: before STARTTLS
    /// anybody could have written it.
    private static func error(_ code: CURLcode, reply: Int) -> MailError {
        switch code {
        case CURLE_OPERATION_TIMEDOUT, CURLE_ABORTED_BY_CALLBACK: .timedOut
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: .unreachable
        case CURLE_USE_SSL_FAILED, CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CIPHER:
            .untrusted
        case _ where (400...599).contains(reply): .refused(reply: reply)
        case CURLE_LOGIN_DENIED: .loginImpossible
        default: CurlEasy.failure(code)
        }
    }
}

extension Duration {
    /// Whole milliseconds, at least 1: libcurl takes 0 for "no limit".
    fileprivate var milliseconds: Int {
        let (seconds, attoseconds) = components
        return max(1, Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}
