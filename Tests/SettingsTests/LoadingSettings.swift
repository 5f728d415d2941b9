import Testing

@testable import Settings

@Suite struct `Loading settings` {
    @Test func `takes the default when nobody sets a key`() throws {
        let settings = try load()
        #expect(settings[Sample.port] == 8080)
        #expect(settings[Sample.transport] == .inProcess)
        #expect(settings[Sample.modules] == ["all"])
        #expect(settings[Sample.userStorage] == nil)
        #expect(settings[Sample.retention] == .seconds(2_592_000))
        #expect(settings.source(of: Sample.port) == "default")
        #expect(!settings.isSet(Sample.port))
    }

    @Test func `takes the file before the default`() throws {
        let settings = try withFile("http:\n  port: 1\n") { path in
            let settings = try Settings.load(
                file: path, flags: [:], environment: [:], catalogue: Sample.catalogue)
            #expect(settings.source(of: Sample.port) == "file \(path)")
            return settings
        }
        #expect(settings[Sample.port] == 1)
        #expect(settings.isSet(Sample.port))
    }

    @Test func `takes the environment before the file`() throws {
        let settings = try load(
            yaml: "http:\n  port: 1\n", environment: ["FLOTILLA_HTTP_PORT": "2"])
        #expect(settings[Sample.port] == 2)
        #expect(settings.source(of: Sample.port) == "environment FLOTILLA_HTTP_PORT")
    }

    @Test func `takes a flag before everything`() throws {
        let settings = try load(
            yaml: "http:\n  port: 1\n", flags: ["http.port": "3"],
            environment: ["FLOTILLA_HTTP_PORT": "2"])
        #expect(settings[Sample.port] == 3)
        #expect(settings.source(of: Sample.port) == "flag")
    }

    @Test func `counts a key that is set to its default as set`() throws {
        let settings = try load(environment: ["FLOTILLA_HTTP_PORT": "8080"])
        #expect(settings.isSet(Sample.port))
    }

    @Test(arguments: [
        ("storage.url", "FLOTILLA_STORAGE_URL"),
        ("bus.retry.maxAttempts", "FLOTILLA_BUS_RETRY_MAX_ATTEMPTS"),
        ("auth.jwksUrl", "FLOTILLA_AUTH_JWKS_URL"),
        (
            "bus.consumers.order.welcome-order.maxAttempts",
            "FLOTILLA_BUS_CONSUMERS_ORDER_WELCOME_ORDER_MAX_ATTEMPTS"
        ),
    ])
    func `derives a variable's name as swift-configuration does`(key: String, name: String) {
        let setting = Setting.optionalString(key, "A text.")
        #expect(SettingsCatalogue([setting]).environmentVariable(of: key) == name)
    }

    @Test func `leaves variables alone that are not its own`() throws {
        let settings = try load(environment: [
            "HTTP_PORT": "x", "PATH": "/bin", "FLOTILLA_ADMIN_PASSWORD": "x",
            "flotilla_http_port": "x",
        ])
        #expect(settings[Sample.port] == 8080)
    }

    @Test(arguments: [
        ("FLOTILLA_SERVICE_HOST", "10.0.0.1"), ("FLOTILLA_SERVICE_PORT", "8080"),
        ("FLOTILLA_SERVICE_PORT_HTTP", "8080"), ("FLOTILLA_PORT", "tcp://10.0.0.1:8080"),
        ("FLOTILLA_PORT_8080_TCP", "tcp://10.0.0.1:8080"), ("FLOTILLA_PORT_8080_TCP_PROTO", "tcp"),
        ("FLOTILLA_USER_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ])
    func `takes the variables Kubernetes makes of a service for no settings`(
        name: String, value: String
    ) {
        #expect(problems(environment: [name: value]) == [])
    }

    @Test func `reads dotted keys, nested keys and lists`() throws {
        let settings = try load(
            yaml: """
                modules: [user, order]
                modules.user.storage.url: sqlite:/tmp/u
                bus.retry:
                  maxAttempts: 3
                bus:
                  retention: 7d
                """)
        #expect(settings[Sample.modules] == ["user", "order"])
        #expect(settings[Sample.userStorage] == "sqlite:/tmp/u")
        #expect(settings[Sample.attempts] == 3)
        #expect(settings[Sample.retention] == .seconds(7 * 86_400))
    }

    @Test(arguments: ["", "# nothing\n", "---\n", "http:\n", "http:\n  port:\n", "bus: ~\n"])
    func `finds nothing set in a file without values`(yaml: String) throws {
        let settings = try load(yaml: yaml)
        #expect(!settings.isSet(Sample.port))
        #expect(settings[Sample.port] == 8080)
    }

    @Test func `keeps the lines of a block text`() throws {
        let settings = try load(yaml: "auth:\n  signingKey: |\n    BEGIN\n    abc\n")
        #expect(settings[Sample.signingKey] == "BEGIN\nabc\n")
    }

    @Test func `without any source gives the defaults`() {
        let settings = Settings.defaults(Sample.catalogue)
        #expect(settings[Sample.attempts] == 8)
        #expect(settings.source(of: Sample.attempts) == "default")
    }
}
