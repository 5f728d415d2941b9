import Logging
import Telemetry
import Testing

@Suite struct `Redacting by class of value` {
    static let places = ["production", "staging", "development"].flatMap { environment in
        LogFormat.allCases.map { (environment, $0) }
    }

    @Test(arguments: places)
    func `shows a personal value on a developer's terminal only`(
        environment: String, format: LogFormat
    ) {
        let probe = LogProbe(environment: environment, format: format)
        probe.logger.info("Sent", metadata: ["to": "\("ada", sensitivity: .personal)"])
        let isVisible = environment == "development" && format == .pretty
        #expect(probe.sink.lines[0].contains("ada") == isVisible)
        #expect(probe.sink.lines[0].contains("[redacted]") == !isVisible)
    }

    @Test(arguments: places)
    func `never shows a secret`(environment: String, format: LogFormat) {
        let probe = LogProbe(environment: environment, format: format)
        probe.logger.info(
            "Used",
            metadata: [
                "a": "prefix \("hunter2", sensitivity: .secret)",
                "b": "\("hunter2", sensitivity: .secret) \("x", sensitivity: .personal)",
                "c": "\("x", sensitivity: .personal) \("hunter2", sensitivity: .secret)",
                "d": [.secret("hunter2")],
                "e": ["inner": .secret("hunter2")],
                "password": .personal("hunter2"),
                "userId": .secret("hunter2"),
                "module": .secret("hunter2"),
            ])
        #expect(!probe.sink.lines[0].contains("hunter2"))
    }
}

@Suite struct `Redacting by key` {
    @Test(arguments: [
        "password", "passwd", "userPassword", "PASSWORD", "email", "e-mail", "eMail",
        "client_secret", "accessToken", "api_key", "apiKey", "APIKey", "api-key", "x.api.key",
        "encrypted", "salt", "certificate", "otp", "ssn", "cvv", "cvc", "phone", "phoneNumber",
        "shipping.address", "iban", "card", "cardNumber", "authorization", "Set-Cookie",
        "firstName", "last_name", "username", "error.token",
    ])
    func `hides the value`(key: String) throws {
        let probe = LogProbe()
        #expect(try probe.written("visible", as: key) as? String == "[redacted]")
        #expect(!probe.sink.lines[0].contains("visible"))
    }

    @Test(arguments: [
        "client.address", "server.address", "event.key", "messaging.kafka.message.key",
        "order.id", "http.route", "serviceOption", "className", "messaging.destination.name",
    ])
    func `shows what only looks alike`(key: String) throws {
        let probe = LogProbe()
        #expect(try probe.written("visible", as: key) as? String == "visible")
    }

    @Test func `looks into objects and lists`() throws {
        let probe = LogProbe()
        probe.logger.info(
            "Nested",
            metadata: [
                "user": ["email": "visible", "id": "u-1", "cards": ["visible"]],
                "tokens": ["visible"],
                "users": [["phone": "visible"]],
            ])
        #expect(!probe.sink.lines[0].contains("visible"))
        #expect(probe.sink.lines[0].contains(#""id":"u-1""#))
    }
}

@Suite struct `Redacting by pattern` {
    static let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g"

    @Test(arguments: [
        ("to ada@example.org now", "to [redacted] now"),
        ("<ada.l+x@mail.example.co.uk>.", "<[redacted]>."),
        ("?mail=ada%40example.org&x=1", "[redacted]&x=1"),
        ("ä.ö@bücher.example", "[redacted]"),
        ("a@b.cd,e@f.gh", "[redacted],[redacted]"),
        ("Bearer \(jwt)", "Bearer [redacted]"),
        ("jwt=\(jwt);", "jwt=[redacted];"),
        ("Authorization: Bearer 0123456789abcdef0123", "Authorization: Bearer [redacted]"),
        ("pan 4111111111111111 ok", "pan [redacted] ok"),
        ("pan 4111 1111 1111 1111 ok", "pan [redacted] ok"),
        ("5500-0000-0000-0004", "[redacted]"),
        ("amex378282246310005", "amex[redacted]"),
        ("7 4111 1111 1111 1111", "7 [redacted]"),
        ("42 4111 1111 1111 1111", "[redacted]"),
        ("dead4111111111111111", "dead[redacted]"),
        ("4111111111111111@example.org", "[redacted]"),
    ])
    func `finds addresses, tokens and cards in any text`(text: String, expected: String) throws {
        let probe = LogProbe()
        #expect(try probe.written("\(text)", as: "note") as? String == expected)
        probe.logger.info("\(text)")
        #expect(try LogProbe.parse(probe.sink.lines[1])["message"] as? String == expected)
    }

    @Test(arguments: [
        "4111111111111112", "1700000000000", "2023-11-14T22:13:20.123Z",
        "0af7651916cd43dd8448eb211c80319c", "ab4111111111111111aabbccddeeff00",
        "abc5105105105105", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "41111111-1111-1111-aaaa-000000000000", "user@", "@handle", "a @ b", "foo@localhost",
        "keyJava.util.List", "eyJ is a prefix", "Bearer of news", "12 345 678 901 234 567",
        "/v1/orders/{id}",
    ])
    func `leaves other text alone`(text: String) throws {
        let probe = LogProbe()
        #expect(try probe.written("\(text)", as: "note") as? String == text)
    }

    @Test func `finds a card in a number`() throws {
        let probe = LogProbe()
        let written = try probe.written(.stringConvertible(4_111_111_111_111_111), as: "note")
        #expect(written as? String == "[redacted]")
    }

    @Test(
        .timeLimit(.minutes(4)),
        arguments: ["eyJ", "%40", "a@", "4111 ", "Bearer ", "4-", "4111111111111111a"])
    func `takes time in proportion to the text`(part: String) {
        let probe = LogProbe()
        probe.logger.info("\(String(repeating: part, count: 40_000))")
        #expect(probe.sink.lines.count == 1)
    }
}
