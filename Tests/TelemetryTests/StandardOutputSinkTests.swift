import Foundation
import Synchronization
import Telemetry
import Testing

@Suite(.timeLimit(.minutes(4))) struct `Writing lines to a descriptor` {
    @Test func `has written everything once flush returns`() throws {
        let pipe = Pipe()
        let sink = sink(to: pipe)
        for index in 0..<100 { sink.write(Array("line \(index)\n".utf8)) }
        sink.flush()
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        #expect(text == (0..<100).map { "line \($0)\n" }.joined())
        #expect(sink.droppedTotal == 0)
    }

    @Test func `writes what is left when it goes away`() throws {
        let pipe = Pipe()
        var kept: StandardOutputSink? = sink(to: pipe)
        kept?.write(Array("last words\n".utf8))
        kept = nil
        let text = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        #expect(text == "last words\n")
    }

    @Test func `drops lines rather than wait, and says how many`() throws {
        let pipe = Pipe()
        let sink = sink(to: pipe, byteCountMax: 1 << 10)
        let count = 20_000
        let line = Array((String(repeating: "x", count: 99) + "\n").utf8)
        for _ in 0..<count { sink.write(line) }
        let reader = PipeReader(pipe)
        sink.flush()
        try pipe.fileHandleForWriting.close()
        let lines = reader.text().split(separator: "\n")
        let notes = lines.filter { $0.hasPrefix("dropped ") }
        let written = lines.count - notes.count
        let dropped = notes.compactMap { Int($0.dropFirst("dropped ".count)) }.reduce(0, +)
        #expect(dropped > 0)
        #expect(written + dropped == count)
        #expect(dropped == sink.droppedTotal)
    }

    @Test func `survives a reader that went away`() throws {
        let pipe = Pipe()
        let sink = sink(to: pipe)
        try pipe.fileHandleForReading.close()
        sink.write(Array("unheard\n".utf8))
        sink.flush()
        sink.write(Array("unheard\n".utf8))
        sink.flush()
    }

    @Test func `writes whole lines from many callers`() async throws {
        let pipe = Pipe()
        let sink = sink(to: pipe)
        await withTaskGroup { group in
            for caller in 0..<8 {
                group.addTask {
                    for _ in 0..<50 { sink.write(Array("caller \(caller)\n".utf8)) }
                }
            }
        }
        sink.flush()
        let text = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        let lines = text.split(separator: "\n").sorted()
        #expect(lines == (0..<8).flatMap { Array(repeating: "caller \($0)", count: 50) })
    }

    private func sink(to pipe: Pipe, byteCountMax: Int = 4 << 20) -> StandardOutputSink {
        StandardOutputSink(
            descriptor: pipe.fileHandleForWriting.fileDescriptor, byteCountMax: byteCountMax,
            droppedLine: { Array("dropped \($0)\n".utf8) })
    }
}

/// Reads a pipe to its end on a thread of its own.
private final class PipeReader: Sendable {
    private let data = Mutex(Data())
    private let done = DispatchSemaphore(value: 0)

    init(_ pipe: Pipe) {
        let handle = pipe.fileHandleForReading
        Thread { [self] in
            let all = handle.readDataToEndOfFile()
            data.withLock { $0 = all }
            done.signal()
        }.start()
    }

    /// Waits for the end.
    func text() -> String {
        done.wait()
        return data.withLock { String(decoding: $0, as: UTF8.self) }
    }
}
