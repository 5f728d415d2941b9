import Events
import Foundation
import Product
import Synchronization

/// Says how far an import is, on standard error, and which lines were bad.
final class ImportReporter: Sendable {
    /// So many bad lines are kept for the JSON document.
    private static let keptFaultCountMax = 10_000

    private let report: FileHandle?
    private let isJSON: Bool
    private let isTerminal: Bool
    /// A lock, because the import tells from whichever thread it is on.
    private let state = Mutex(State())

    private struct State {
        var faults: [ImportFault] = []
        var omittedCount = 0
        var begun = ContinuousClock.now
        var lastLine: ContinuousClock.Instant?
    }

    /// - Parameter report: the file for bad lines; standard output when `nil`.
    /// - Throws: ``Complaint`` for a file that can't be written.
    init(report: String?, isJSON: Bool, isTerminal: Bool) throws {
        self.isJSON = isJSON
        self.isTerminal = isTerminal
        guard let report else {
            self.report = nil
            return
        }
        guard FileManager.default.createFile(atPath: report, contents: nil),
            let file = FileHandle(forWritingAtPath: report)
        else { throw Complaint("--report: \(report) can't be written") }
        self.report = file
    }

    /// Takes what the import tells.
    func tell(_ news: ImportNews) {
        switch news {
        case .fault(let fault): tell(fault)
        case .progress(let progress): tell(progress)
        }
    }

    /// Says what came of it.
    func finish(_ progress: ImportProgress, isDryRun: Bool) throws {
        endLine()
        let (faults, omittedCount) = state.withLock { ($0.faults, $0.omittedCount) }
        if isJSON {
            try printJSON(
                Summary(
                    dryRun: isDryRun, lines: progress.lineCount, badLines: progress.badLineCount,
                    created: progress.createdCount, updated: progress.updatedCount,
                    unchanged: progress.unchangedCount, errors: faults,
                    errorsOmitted: omittedCount))
        } else {
            print(
                "\(progress.lineCount) lines, \(progress.badLineCount) bad; products:"
                    + " \(progress.createdCount) created, \(progress.updatedCount) updated,"
                    + " \(progress.unchangedCount) unchanged"
                    + (isDryRun ? "; a dry run: nothing was changed" : ""))
        }
        try report?.close()
    }

    /// Leaves the line that the bar stands on.
    func endLine() {
        let isBegun = state.withLock { $0.lastLine != nil }
        if isTerminal, isBegun { write("\n") }
    }

    private func tell(_ fault: ImportFault) {
        let place = fault.column.map { ", column \($0)" } ?? ""
        let line = "line \(fault.line)\(place): \(fault.reason)"
        if let report {
            try? report.write(contentsOf: Data("\(line)\n".utf8))
        } else if !isJSON {
            print(line)
        }
        guard isJSON else { return }
        state.withLock { state in
            if state.faults.count < Self.keptFaultCountMax {
                state.faults.append(fault)
            } else {
                state.omittedCount += 1
            }
        }
    }

    private func tell(_ progress: ImportProgress) {
        let now = ContinuousClock.now
        let interval = isTerminal ? Duration.milliseconds(100) : .seconds(1)
        let begun: ContinuousClock.Instant? = state.withLock { state in
            if let last = state.lastLine ?? (isTerminal ? nil : state.begun), now - last < interval
            {
                return nil
            }
            state.lastLine = now
            return state.begun
        }
        guard let begun else { return }
        let line = Self.line(of: progress, after: now - begun)
        write(isTerminal ? "\r\(Self.bar(of: progress)) \(line)\u{1B}[K" : "\(line)\n")
    }

    /// `45 %, 90000 lines (12 bad), 2100 a second`
    static func line(of progress: ImportProgress, after duration: Duration) -> String {
        let seconds = max(duration / .seconds(1), 0.001)
        return "\(percent(of: progress)) %, \(progress.lineCount) lines"
            + " (\(progress.badLineCount) bad), \(Int(Double(progress.lineCount) / seconds))"
            + " a second"
    }

    /// `[=========>          ]`
    static func bar(of progress: ImportProgress) -> String {
        let width = 20
        let filled = min(width, percent(of: progress) * width / 100)
        let head = filled < width ? ">" : ""
        return "[" + String(repeating: "=", count: filled) + head
            + String(repeating: " ", count: max(0, width - filled - 1)) + "]"
    }

    private static func percent(of progress: ImportProgress) -> Int {
        guard progress.byteCountTotal > 0 else { return 100 }
        return min(100, progress.byteCount * 100 / progress.byteCountTotal)
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }

    private struct Summary: Encodable {
        let dryRun: Bool
        let lines: Int
        let badLines: Int
        let created: Int
        let updated: Int
        let unchanged: Int
        let errors: [ImportFault]
        let errorsOmitted: Int
    }
}
