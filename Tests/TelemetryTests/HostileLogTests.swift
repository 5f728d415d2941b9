import Foundation
import Logging
import Telemetry
import Testing

@Suite struct `Logging hostile input` {
    static let texts = [
        "line\nbreak\r\n{\"level\":\"info\"}",
        "quote \" backslash \\ slash / tab \t",
        String(String.UnicodeScalarView((0...0x9f).compactMap(Unicode.Scalar.init))),
        String(decoding: [0x61, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x62], as: UTF8.self),
        "\u{1b}[31mred\u{1b}[0m \u{9b}31m",
        "separators \u{2028} \u{2029} \u{85}",
        "bidi \u{202e}drawkcab\u{2066}\u{200f}",
        "emoji 👩‍👩‍👧 flag 🇩🇪 combining e\u{301} \u{10ffff}",
        "",
    ]

    @Test(arguments: texts)
    func `stays one valid JSON object that reads back the same`(text: String) throws {
        let probe = LogProbe()
        probe.logger.info("\(text)", metadata: ["field": "\(text)", "k\(text)": ["x", "\(text)"]])
        let line = try probe.onlyLine()
        #expect(same(line["message"], text))
        #expect(same(line["field"], text))
        #expect(same((line["k\(text)"] as? [String])?.last, text))
    }

    @Test(arguments: texts, LogFormat.allCases)
    func `cannot forge a line or steer a terminal`(text: String, format: LogFormat) {
        let probe = LogProbe(format: format)
        probe.logger.info(
            "\(text)", metadata: ["a\(text)": "\(text)", "module": "\(text)", "userId": "\(text)"])
        #expect(probe.sink.lines.count == 1)
        let ours = ["\u{1b}[32m", "\u{1b}[0m"]
        let line = ours.reduce(probe.sink.lines[0]) {
            $0.replacingOccurrences(of: $1, with: "")
        }
        let forbidden = line.unicodeScalars.filter {
            switch $0.value {
            case 0...0x1f, 0x7f...0x9f, 0x2028...0x202e, 0x2066...0x2069, 0x200e, 0x200f: true
            default: false
            }
        }
        #expect(forbidden.isEmpty)
    }

    @Test func `tells keys apart that redaction makes equal`() throws {
        let probe = LogProbe()
        probe.logger.info("Keys", metadata: ["a@example.org": "1", "b@example.org": "2"])
        let line = try probe.onlyLine()
        #expect(line["[redacted]"] as? String == "1")
        #expect(line["[redacted]#2"] as? String == "2")
    }

    /// Compared by scalars: equality of strings forgives differences in normal form.
    private func same(_ value: Any?, _ text: String) -> Bool {
        (value as? String).map { $0.unicodeScalars.elementsEqual(text.unicodeScalars) } ?? false
    }
}

@Suite struct `Logging more than a line holds` {
    static let long = [
        String(repeating: "x", count: 100 << 10),
        String(repeating: "\u{1}", count: 100 << 10),
        String(repeating: "é\"\n👩‍👩‍👧", count: 10 << 10),
    ]

    @Test(arguments: long)
    func `cuts a message with a mark and stays valid`(text: String) throws {
        let probe = LogProbe()
        probe.logger.info("\(text)", metadata: ["module": "order", "order.id": "o-1"])
        let line = try probe.onlyLine()
        let message = try #require(line["message"] as? String)
        #expect(probe.sink.lines[0].utf8.count + 1 <= 16 << 10)
        #expect(probe.sink.lines[0].utf8.count > 15 << 10)
        #expect(message.hasSuffix("…[truncated]"))
        #expect(line["truncated"] as? Bool == true)
        #expect(line["order.id"] as? String == "o-1")
    }

    @Test(arguments: long)
    func `cuts fields and keeps message and ids`(text: String) throws {
        let probe = LogProbe()
        probe.logger.info(
            "Kept",
            metadata: [
                "a": "\(text)", "b": "\(text)", "c": .array(["\(text)"]), "\(text)": "d",
                "correlationId": "\(text)", "trace_id": "t", "module": "\(text)",
            ])
        let line = try probe.onlyLine()
        #expect(probe.sink.lines[0].utf8.count + 1 <= 16 << 10)
        #expect(line["message"] as? String == "Kept")
        #expect(line["trace_id"] as? String == "t")
        #expect((line["a"] as? String)?.hasSuffix("…[truncated]") == true)
        #expect((line["correlationId"] as? String)?.hasSuffix("…[truncated]") == true)
    }

    @Test func `leaves a line alone that just fits`() throws {
        let probe = LogProbe()
        let text = String(repeating: "x", count: 16_000)
        probe.logger.info("\(text)")
        let line = try probe.onlyLine()
        #expect(line["message"] as? String == text)
        #expect(line["truncated"] == nil)
    }

    @Test func `bounds a pretty line too`() {
        let probe = LogProbe(format: .pretty)
        probe.logger.info("\(Self.long[2])")
        #expect(probe.sink.lines[0].utf8.count + 1 <= 16 << 10)
        #expect(probe.sink.lines[0].hasSuffix("…[truncated]"))
    }
}
