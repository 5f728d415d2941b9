import Foundation
import Synchronization

/// Tells on standard error how far the seed is: a bar on a terminal, else a line now and then.
///
/// A class around a `Mutex`: the critical sections are short and hold no `await`.
final class SeedReporter: Sendable {
    private let isTerminal: Bool
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())

    private struct State {
        var what = ""
        var count = 0
        var total = 0
        var lastLine = ContinuousClock.now
    }

    init(
        isTerminal: Bool,
        write: @escaping @Sendable (String) -> Void = {
            FileHandle.standardError.write(Data($0.utf8))
        }
    ) {
        self.isTerminal = isTerminal
        self.write = write
    }

    /// The next kind of thing.
    func begin(_ what: String, of total: Int) {
        end()
        state.withLock {
            $0 = State(what: what, count: 0, total: total)
        }
        tell(isForced: true)
    }

    /// One more of them is there.
    func step() {
        state.withLock { $0.count += 1 }
        tell()
    }

    /// So many of them are there.
    func reach(_ count: Int) {
        state.withLock { $0.count = count }
        tell()
    }

    /// No more of them come.
    func end() {
        guard state.withLock({ !$0.what.isEmpty }) else { return }
        tell(isForced: true)
        if isTerminal { write("\n") }
        state.withLock { $0.what = "" }
    }

    private func tell(isForced: Bool = false) {
        let now = ContinuousClock.now
        let line: String? = state.withLock { state in
            let interval = isTerminal ? Duration.milliseconds(50) : .seconds(1)
            guard isForced || now - state.lastLine >= interval else { return nil }
            state.lastLine = now
            let place = "\(state.what): \(state.count) of \(state.total)"
            guard isTerminal else { return "\(place)\n" }
            let filled = state.total > 0 ? 20 * state.count / state.total : 20
            return "\r[" + String(repeating: "=", count: filled)
                + String(repeating: " ", count: 20 - filled) + "] \(place)\u{1B}[K"
        }
        if let line { write(line) }
    }
}
