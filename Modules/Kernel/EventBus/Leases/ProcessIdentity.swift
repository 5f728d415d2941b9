import Foundation

/// Names a process so that another one on the same machine can tell whether it still runs.
enum ProcessIdentity {
    /// This process: boot, process namespace, process id and start time. A process id alone would
    /// come back; without `/proc` the name is only unique.
    static let current: String = {
        guard let machine, let start = startTime(of: getpid()) else {
            return "elsewhere/\(UUID().uuidString.lowercased())"
        }
        return "\(machine)/\(getpid())/\(start)"
    }()

    /// Whether a process is known to have ended. One that can't be seen from here is not.
    static func isGone(_ identity: String) -> Bool {
        let parts = identity.split(separator: "/").map(String.init)
        guard parts.count >= 4, let machine, "\(parts[0])/\(parts[1])" == machine,
            let process = pid_t(parts[2])
        else { return false }
        return startTime(of: process) != parts[3]
    }

    /// The boot of this machine and the namespace that process ids belong to.
    private static let machine: String? = {
        guard
            let boot = try? String(
                contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8),
            let namespace = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/ns/pid")
        else { return nil }
        return "\(boot.trimmingCharacters(in: .whitespacesAndNewlines))/\(namespace)"
    }()

    /// Field 22 of `/proc/PID/stat` (proc(5)): when the process started, in ticks since the boot.
    private static func startTime(of process: pid_t) -> String? {
        guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            // The name of the program stands in parentheses and may hold blanks.
            let end = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        // A zombie has ended; only its parent has not looked yet.
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return String(fields[19])
    }
}
