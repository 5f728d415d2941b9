import Foundation
import Testing

@testable import Settings

@Suite struct `Keeping secrets` {
    private static let pin: Setting<Int> = .custom(
        "sample.pin", default: 0, defaultText: nil, allowed: "four digits", "A secret number.",
        isSecret: true
    ) { $0.count == 4 ? Int($0) : nil }

    @Test func `never repeats a secret that is refused`() {
        let error = #expect(throws: SettingsError.self) {
            try Settings.load(
                file: nil, flags: ["sample.pin": "hunter2"], environment: [:],
                catalogue: SettingsCatalogue([Self.pin]))
        }
        #expect(error?.problems == ["sample.pin: [redacted] (flag); allowed: four digits"])
    }

    @Test func `never repeats the value of an unknown key, which may be a slip of a secret's`() {
        let found = problems(
            yaml: "auth:\n  signingkey: hunter2\n", flags: ["auth.signKey": "hunter2"],
            environment: ["FLOTILLA_AUTH_SIGNINGKEY": "hunter2"])
        #expect(found.count == 3)
        #expect(found.allSatisfy { !$0.contains("hunter2") })
    }

    @Test func `never repeats a password in a URL`() {
        let found = problems(flags: ["http.port": "postgres://me:hun@ter2@host/db"])
        #expect(found.first?.contains("\"postgres://me:[redacted]@host/db\"") == true)
    }

    @Test func `shows nothing when settings are printed`() throws {
        let settings = try load(environment: ["FLOTILLA_AUTH_SIGNING_KEY": "hunter2"])
        var dumped = ""
        dump(settings, to: &dumped)
        for text in ["\(settings)", String(reflecting: settings), dumped] {
            #expect(!text.contains("hunter2"))
        }
    }

    @Test func `takes a secret as it is written`() throws {
        let settings = try load(environment: ["FLOTILLA_AUTH_SIGNING_KEY": "hunter2"])
        #expect(settings[Sample.signingKey] == "hunter2")
    }

    @Test func `takes a secret out of the file it names`() throws {
        try withFile("hunter2\r\n\n") { path in
            let settings = try load(flags: ["auth.signingKey": "file:\(path)"])
            #expect(settings[Sample.signingKey] == "hunter2")
        }
    }

    @Test func `refuses a secret's file that is missing or empty`() throws {
        #expect(
            problems(flags: ["auth.signingKey": "file:/nowhere/key"]) == [
                "auth.signingKey: the file \"/nowhere/key\" does not exist (flag);"
                    + " allowed: a text, or file:PATH to it"
            ])
        try withFile("\n") { path in
            let found = problems(flags: ["auth.signingKey": "file:\(path)"])
            #expect(found.count == 1 && found[0].contains(" is empty (flag)"))
        }
    }

    @Test func `reads no file for a setting that does not say so`() throws {
        let settings = try load(flags: ["storage.url": "file:/etc/hostname"])
        #expect(settings[Sample.storage] == "file:/etc/hostname")
    }

    @Test func `takes an empty text as no secret`() throws {
        let settings = try load(flags: ["auth.signingKey": ""])
        #expect(settings[Sample.signingKey] == nil)
    }
}
