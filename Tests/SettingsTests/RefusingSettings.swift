import Foundation
import Testing

@testable import Settings

@Suite struct `Refusing a configuration` {
    @Test func `names the key, the value, the place and what is allowed`() {
        #expect(
            problems(yaml: "\nbus:\n  retry:\n    maxAttempts: many\n") == [
                "bus.retry.maxAttempts: \"many\" (file FILE, line 4);"
                    + " allowed: an integer from 1 to 30"
            ])
        #expect(
            problems(environment: ["FLOTILLA_BUS_TRANSPORT": "pigeon"]) == [
                "bus.transport: \"pigeon\" (environment FLOTILLA_BUS_TRANSPORT);"
                    + " allowed: one of in-process, kafka"
            ])
        #expect(
            problems(flags: ["http.port": "65536"]) == [
                "http.port: \"65536\" (flag); allowed: an integer from 0 to 65535"
            ])
    }

    @Test func `tells everything that is wrong at once`() {
        let found = problems(
            yaml: "http:\n  port: x\ncolour: red\n", flags: ["nonsense": "1"],
            environment: ["FLOTILLA_NONSENSE": "1", "FLOTILLA_BUS_RETENTION": "1y"])
        #expect(
            found.map { $0.prefix { $0 != ":" } } == [
                "nonsense", "FLOTILLA_NONSENSE", "colour", "http.port", "bus.retention",
            ])
        #expect(found.allSatisfy { !$0.contains("\n") })
    }

    @Test(arguments: [
        (Sample.port.key, ["", "x", "-1", "65536", "1.5", "1e3", "99999999999999999999"]),
        (Sample.retention.key, ["", "5", "m", "1s", "400d", "5 m", "-5m", "1.5h", "5M"]),
        (Sample.transport.key, ["", "Kafka", "inProcess"]),
        (Sample.storage.key, [""]),
        (Sample.modules.key, ["a,,b", "a,", ","]),
        (Sample.verified.key, ["", "on", "2", "ja"]),
        (Sample.even.key, ["", "3"]),
    ])
    func `refuses a text that is no value of the setting`(key: String, texts: [String]) {
        for text in texts {
            let found = problems(flags: [key: text])
            #expect(found.count == 1 && found[0].hasPrefix("\(key): \"\(text)\" (flag); allowed: "))
        }
    }

    @Test func `points at the key that was most likely meant`() {
        #expect(
            problems(yaml: "bus:\n  retry:\n    maxAttempt: 3\n") == [
                "bus.retry.maxAttempt: unknown setting (file FILE, line 3);"
                    + " did you mean bus.retry.maxAttempts?"
            ])
        #expect(
            problems(environment: ["FLOTILLA_HTTP_PROT": "1"]) == [
                "FLOTILLA_HTTP_PROT: unknown setting (environment);"
                    + " did you mean FLOTILLA_HTTP_PORT?"
            ])
        #expect(
            problems(flags: ["HTTP.port": "1"]) == [
                "HTTP.port: unknown setting (flag); did you mean http.port?"
            ])
        #expect(problems(flags: ["zebra": "1"]) == ["zebra: unknown setting (flag)"])
    }

    @Test func `refuses an unknown key without a value, too`() {
        #expect(problems(yaml: "zebra:\n") == ["zebra: unknown setting (file FILE, line 1)"])
    }

    @Test func `refuses a value where a group of settings is`() {
        #expect(
            problems(yaml: "http: 8080\n") == [
                "http: a group of settings, not a value (file FILE, line 1)"
            ])
    }

    @Test func `takes no malformed key for a setting`() {
        let found = problems(
            yaml: "http..port: 1\nhttp.port.: 2\nhttp port: 3\nhttp.port: 4\n",
            flags: ["http..port": "1", "": "2"])
        #expect(found.count == 5)
        #expect(found.allSatisfy { $0.contains(": unknown setting (") })
    }

    @Test func `refuses a list where one value is needed`() {
        #expect(
            problems(yaml: "http:\n  port: [1, 2]\n").first
                == "http.port: a YAML list (file FILE, line 2);"
                + " allowed: an integer from 0 to 65535")
    }

    @Test(arguments: ["modules: [a, [b]]", "modules: [{a: b}]", "modules: [\"a,b\"]"])
    func `refuses a list of anything but simple texts`(yaml: String) {
        #expect(
            problems(yaml: yaml) == [
                "modules: the list may only have texts without commas (file FILE, line 1)"
            ])
    }

    @Test func `refuses a file that does not exist`() {
        let error = #expect(throws: SettingsError.self) {
            try Settings.load(
                file: "/nowhere/flotilla.yaml", flags: [:], environment: [:],
                catalogue: Sample.catalogue)
        }
        #expect(
            error?.problems == ["the configuration file /nowhere/flotilla.yaml does not exist"])
    }

    @Test func `refuses a directory and a file that is no text`() throws {
        let directory = FileManager.default.temporaryDirectory.path
        #expect(
            throws: SettingsError(problems: [
                "the configuration file \(directory) is a directory"
            ])
        ) {
            try Settings.load(
                file: directory, flags: [:], environment: [:], catalogue: Sample.catalogue)
        }
        _ = try withFile(Data([0xff, 0xfe, 0x00])) { path in
            #expect(
                throws: SettingsError(problems: [
                    "the configuration file \(path) is not UTF-8 text"
                ])
            ) {
                try Settings.load(
                    file: path, flags: [:], environment: [:], catalogue: Sample.catalogue)
            }
        }
    }

    @Test(arguments: [
        ("http:\n  port: 1\n bad: 2\n", 3), ("a: [1, 2\n", 2), ("\tport: 1\n", 1),
        ("a: b: c\n", 1), ("a: 1\n---\nb: 2\n", 2),
    ])
    func `says in which line a file is not YAML`(yaml: String, line: Int) {
        let found = problems(yaml: yaml)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("file FILE, line \(line): not YAML: ") == true, "\(found)")
    }

    @Test func `refuses a file that is a list or a text`() {
        #expect(
            problems(yaml: "- a\n- b\n") == [
                "file FILE: the file must be keys with values, not a list"
            ])
        #expect(
            problems(yaml: "hello\n") == [
                "file FILE: the file must be keys with values, not a text"
            ])
    }

    @Test func `refuses a key that is there twice`() {
        let found = problems(yaml: "http:\n  port: 1\n  port: 2\n")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("file FILE, line ") == true)
        #expect(found.first?.hasSuffix(": port: the key is there twice") == true, "\(found)")
        #expect(
            problems(yaml: "http:\n  port: 1\nhttp.port: 2\n") == [
                "http.port: set twice (file FILE, line 2, and file FILE, line 3)"
            ])
    }

    @Test func `keeps a long or a broken text on one short line`() {
        let found = problems(flags: ["http.port": "a\nb\t" + String(repeating: "c", count: 500)])
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("http.port: \"a b ccc"))
        #expect(found[0].count < 160)
    }
}
