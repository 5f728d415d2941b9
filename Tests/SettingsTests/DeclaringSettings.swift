import Testing

@testable import Settings

@Suite struct `Declaring settings` {
    @Test func `takes the same declaration twice`() {
        let catalogue = SettingsCatalogue([Sample.port], [Sample.port, Sample.attempts])
        #expect(catalogue.settings.map(\.key) == ["http.port", "bus.retry.maxAttempts"])
    }

    @Test func `stops at one key declared in two ways`() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            _ = SettingsCatalogue(
                [Setting.int("a.b", default: 1, in: 0...9, "One.")],
                [Setting.int("a.b", default: 2, in: 0...9, "One.")])
        }
        #expect(says(result, "the setting a.b is declared twice, and differently"))
    }

    @Test func `stops at two keys with one variable`() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            _ = SettingsCatalogue([
                Setting.optionalString("a.bC", "One."), Setting.optionalString("a.b.c", "Two."),
            ])
        }
        #expect(says(result, "the settings a.bC and a.b.c share the variable FLOTILLA_A_B_C"))
    }

    @Test func `stops at a default outside the range`() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            _ = Setting.int("a.b", default: 10, in: 0...9, "One.")
        }
        #expect(says(result, "a.b: the default is outside the range"))
    }

    @Test func `stops at a malformed key`() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            _ = Setting.optionalString("a..b", "One.")
        }
        #expect(says(result, "\"a..b\" is not a setting's key"))
    }

    @Test func `stops at reading a setting that is not in the catalogue`() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let settings = Settings.defaults(SettingsCatalogue([]))
            _ = settings[Setting.int("a.b", default: 1, in: 0...9, "One.")]
        }
        #expect(says(result, "the setting a.b is not in the catalogue"))
    }

    @Test func `says what is allowed in words`() {
        #expect(
            Sample.catalogue.settings.map(\.allowed) == [
                "an integer from 0 to 65535", "an integer from 1 to 30",
                "a duration from 1m to 365d (a number with ms, s, m, h or d)",
                "one of in-process, kafka", "a text that is not empty",
                "texts separated by commas", "a text", "true or false (also yes, no, 1, 0)",
                "a text, or file:PATH to it", "an even number",
            ])
    }

    private func says(_ result: ExitTest.Result?, _ text: String) -> Bool {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).contains(text)
    }
}

@Suite struct `Documenting settings` {
    @Test func `writes every key with its summary, default and what is allowed`() {
        let text = Sample.catalogue.documentation()
        #expect(
            text.hasPrefix(
                """
                http:
                  # The port that is listened on.
                  # Allowed: an integer from 0 to 65535. Default: 8080.
                  port: 8080
                bus:
                  retry:
                    # Tries before an event is parked.

                """), "\(text)")
        for setting in Sample.catalogue.settings {
            #expect(text.contains("# \(setting.summary)\n"))
        }
        #expect(text.contains("  # Allowed: a text, or file:PATH to it. Default: none.\n"))
        #expect(text.contains("  # signingKey:\n"))
    }

    @Test func `writes a file that sets every key to its default`() throws {
        let settings = try load(yaml: Sample.catalogue.documentation())
        for setting in Sample.catalogue.settings where setting.defaultText != nil {
            #expect(setting.isSecret || settings.isSet(setting), "\(setting.key)")
        }
        #expect(settings[Sample.port] == 8080)
        #expect(settings[Sample.modules] == ["all"])
        #expect(settings[Sample.storage] == "sqlite:./data")
    }

    @Test(arguments: [
        "", "a b", "*", "null", "a: b", "say \"hi\"", "back\\slash", "#x", "two\nlines",
    ])
    func `quotes a default that YAML would read otherwise`(text: String) throws {
        let setting: Setting<String> = .string("a.b", default: text, "One.")
        let catalogue = SettingsCatalogue([setting])
        let settings = try withFile(catalogue.documentation()) { path in
            try Settings.load(file: path, flags: [:], environment: [:], catalogue: catalogue)
        }
        #expect(settings.isSet(setting))
        #expect(settings[setting] == text)
    }
}
