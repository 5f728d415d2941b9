import Testing

@testable import Notification

@Suite struct `Reading the URL of a mail transport` {
    @Test(arguments: [
        ("file:./data/mail", "./data/mail"), ("file:/var/mail", "/var/mail"),
        ("file:///var/mail", "/var/mail"), ("FILE:a%20b?c", "a%20b?c"),
    ])
    func `takes a directory literally`(text: String, directory: String) throws {
        #expect(try MailURL(text).place == .directory(directory))
    }

    @Test(arguments: [
        ("smtp://mail.example", "mail.example", 587, SMTPServer.Security.required),
        ("smtp://mail_1:25/", "mail_1", 25, .required),
        ("smtps://mail.example", "mail.example", 465, .implicit),
        ("smtps://[2001:db8::1]:10465", "2001:db8::1", 10_465, .implicit),
        ("smtp://localhost:1025", "localhost", 1025, .opportunistic),
        ("smtp://127.0.0.2:1025", "127.0.0.2", 1025, .opportunistic),
        ("smtp://[::1]:1025", "::1", 1025, .opportunistic),
        ("smtp://127.example.com", "127.example.com", 587, .required),
        ("smtp://127.0.0.1.example", "127.0.0.1.example", 587, .required),
        ("smtp://localhost.example", "localhost.example", 587, .required),
        ("smtp://localhost?tls=required", "localhost", 587, .required),
        ("smtp://mail.example?tls=none", "mail.example", 587, .none),
        ("smtp://mail.example?tls=opportunistic", "mail.example", 587, .opportunistic),
    ])
    func `requires TLS unless nobody can sit between or it is told`(
        text: String, host: String, port: Int, security: SMTPServer.Security
    ) throws {
        let server = try #require(try server(text))
        #expect(server.host == host)
        #expect(server.port == port)
        #expect(server.security == security)
        #expect(server.credentials == nil)
        #expect(server.caPath == nil)
    }

    @Test(arguments: [
        ("smtp://anna:secret@localhost:1025", "anna", "secret"),
        ("smtp://anna%40shop.example:p%3A%2F%3F%23%25@m", "anna@shop.example", "p:/?#%"),
        ("smtp://anna:pa:ss@wd@mail.example", "anna", "pa:ss@wd"),
        ("smtp://anna:%F0%9F%94%91@mail.example", "anna", "🔑"),
    ])
    func `decodes credentials, and requires TLS for them`(
        text: String, user: String, password: String
    ) throws {
        let server = try #require(try server(text))
        #expect(server.credentials == .init(user: user, password: password))
        #expect(server.security == .required)
    }

    @Test func `shows no credentials, however it is printed`() throws {
        let url = try MailURL("smtp://anna:secret@mail.example:2525")
        #expect("\(url)" == "smtp://***@mail.example:2525?tls=required")
        var dumped = ""
        dump(url, to: &dumped)
        dump(makeMailTransport(url), to: &dumped)
        let words =
            dumped + "\(url.place)" + String(reflecting: [url]) + "\(makeMailTransport(url))"
        #expect(!words.contains("secret"))
        #expect(!words.contains("anna"))
    }

    @Test func `reads the authority's certificates`() throws {
        #expect(try server("smtps://m?ca=/etc/my%20ca.pem")?.caPath == "/etc/my ca.pem")
        #expect(try server("smtp://m?ca=ca.pem&tls=required")?.caPath == "ca.pem")
    }

    @Test(arguments: [
        ("", MailURLError.badScheme), ("mail", .badScheme), ("http://m", .badScheme),
        ("smtp ://m", .badScheme), ("file:", .missingDirectory), ("file://", .directoryOnHost),
        ("file://host/mail", .directoryOnHost), ("file:a\nb", .controlCharacter),
        ("smtp:m", .missingHost), ("smtp://", .missingHost), ("smtp://:25", .missingHost),
        ("smtp://a:b@", .missingHost), ("smtp://a:b@:25", .missingHost),
        ("smtp://m m", .badHost), ("smtp://köln.example", .badHost), ("smtp://-m", .badHost),
        ("smtp://[::1", .badHost), ("smtp://[m]", .badHost), ("smtp://[::1%25eth0]", .badHost),
        ("smtp://m:", .badPort), ("smtp://m:0", .badPort), ("smtp://m:65536", .badPort),
        ("smtp://m:-1", .badPort), ("smtp://m:+1", .badPort), ("smtp://m:25x", .badPort),
        ("smtp://[::1]25", .badPort), ("smtp://a@m", .badCredentials),
        ("smtp://:b@m", .badCredentials), ("smtp://a:@m", .badCredentials),
        ("smtp://a:%zz@m", .badCredentials), ("smtp://a:b%0D%0A@m", .badCredentials),
        ("smtp://a:b%00@m", .badCredentials), ("smtp://m/path", .path), ("smtp://m#f", .path),
        ("smtp://m?helo=x", .unknownOption), ("smtp://m?tls", .badTLS),
        ("smtp://m?tls=none&tls=none", .repeatedOption), ("smtp://m?tls=implicit", .badTLS),
        ("smtp://m?tls=off", .badTLS), ("smtps://m?tls=none", .badTLS),
        ("smtp://m?ca=", .missingCA), ("smtp://m?ca=%00", .missingCA),
        ("smtp://a:b@m?tls=none", .credentialsInClear),
        ("smtp://a:b@m?tls=opportunistic", .credentialsInClear),
    ])
    func `says what is wrong, and repeats nothing of it`(text: String, error: MailURLError) {
        #expect(throws: error) { try MailURL(text) }
        #expect(error.description.hasPrefix("mail.url"))
    }

    private func server(_ text: String) throws -> SMTPServer? {
        guard case .server(let server) = try MailURL(text).place else { return nil }
        return server
    }
}
