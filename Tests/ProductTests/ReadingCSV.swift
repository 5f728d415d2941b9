import Foundation
import Testing

@testable import Product

@Suite struct `Reading CSV` {
    private func records(_ bytes: some Sequence<UInt8>, pieces: Int) -> [CSVReader.Record] {
        var reader = CSVReader()
        var records: [CSVReader.Record] = []
        let all = Array(bytes)
        for start in stride(from: 0, to: all.count, by: pieces) {
            records += reader.read(all[start..<min(start + pieces, all.count)])
        }
        return records + reader.finish()
    }

    @Test(arguments: [
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]), ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
        ("\u{FEFF}a\n", [["a"]]), ("\"a\"\"b\",\"c,d\"\n", [["a\"b", "c,d"]]),
        ("\"one\ntwo\",x\n", [["one\ntwo", "x"]]), ("\"one\r\ntwo\"\n", [["one\r\ntwo"]]),
        ("\n\na\n\r\n", [["a"]]), (",\n", [["", ""]]), ("a,", [["a", ""]]), ("", []),
        ("\"\"\"\"", [["\""]]),
    ])
    func `reads what RFC 4180 has, in whatever pieces it comes`(
        text: String, cells: [[String]]
    ) {
        for pieces in [1, 2, 3, 1_000] {
            #expect(records(text.utf8, pieces: pieces).map { try? $0.cells.get() } == cells)
        }
    }

    @Test(arguments: [
        ("a\"b\n", CSVReader.Fault.strayQuote), ("\"a\"b\n", .textAfterQuote),
        ("\"a\n", .openQuote),
        ("a\rb\n", .bareReturn), ("a\r", .bareReturn),
        (String(repeating: "x", count: CSVReader.recordByteCountMax + 1) + "\n", .tooLong),
    ])
    func `tells the line of what is none, and reads on`(text: String, fault: CSVReader.Fault) {
        let read = records("h\n\(text)".utf8, pieces: 7)
        #expect(read.map(\.line) == [1, 2])
        #expect(read.last?.cells == .failure(fault))
        guard fault != .openQuote, text != "a\r" else { return }
        let more = records("h\n\(text)good\n".utf8, pieces: 7)
        #expect(more.last?.line == 3)
        #expect(more.last?.cells == .success(["good"]))
    }

    @Test func `refuses bytes that are no text`() {
        let read = records([0x61, 0xFF, 0x0A, 0x62, 0x0A], pieces: 2)
        #expect(read.map(\.cells) == [.failure(.notUTF8), .success(["b"])])
    }

    @Test(arguments: 1...200)
    func `bears any bytes, and reads them alike in any pieces`(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        let alphabet = Array("ab,\"\n\r".utf8) + [0xEF, 0xBB, 0xBF, 0xFF, 0]
        let bytes = (0..<500).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return alphabet[Int((state >> 33) % UInt64(alphabet.count))]
        }
        let whole = records(bytes, pieces: 1_000)
        #expect(records(bytes, pieces: 1) == whole)
        #expect(records(bytes, pieces: 13) == whole)
        #expect(whole.map(\.line) == whole.map(\.line).sorted())
    }
}
