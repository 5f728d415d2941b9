import Foundation
import Testing

extension Child {
    /// Stops it where it holds no lock for writing: nobody on the same machine could write before
    /// it wakes, which is SQLite's nature and no matter of leases.
    func pauseBetweenTransactions() async throws {
        try await eventually("a moment without locks", within: .seconds(20)) {
            pause()
            try await eventually("every thread stands still") {
                try threadStates()
            } until: {
                $0 == ["T"]
            }
            guard try holdsWriteLock() else { return true }
            resume()
            return false
        } until: {
            $0
        }
    }

    /// The third field of `/proc/PID/task/TID/stat` (proc(5)), of all threads.
    private func threadStates() throws -> Set<Substring> {
        let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")
        return Set(
            threads.compactMap { thread in
                // A thread may have ended meanwhile.
                let stat = try? String(
                    contentsOfFile: "/proc/\(process)/task/\(thread)/stat", encoding: .utf8)
                // The name of the program stands in parentheses and may hold blanks.
                return stat?.split(separator: ")").last?.split(separator: " ").first
            })
    }

    /// Whether the process has a lock for writing on any file (proc(5), `/proc/locks`).
    private func holdsWriteLock() throws -> Bool {
        try String(contentsOfFile: "/proc/locks", encoding: .utf8)
            .split(separator: "\n").contains { line in
                let fields = line.split(separator: " ")
                return fields.contains("WRITE") && fields.contains("\(process)")
                    && !fields.contains("->")
            }
    }
}
