import Metrics

/// Counts what becomes of log-ins. Why one was refused is not told: anybody may read metrics.
enum LogInMetrics {
    private enum Fate: String, CaseIterable {
        case opened
        case factorNeeded = "factor_needed"
        case refused
        /// Too many at once, or from one address; or the database is away.
        case turnedAway = "turned_away"
    }

    /// Makes every series, so that the first failure is an increase.
    static func register() {
        for fate in Fate.allCases { counter(of: fate).increment(by: 0) }
    }

    static func counting(
        _ logIn: () async throws -> Sessions.Outcome
    ) async throws -> Sessions.Outcome {
        do {
            let outcome = try await logIn()
            switch outcome {
            case .opened: counter(of: .opened).increment()
            case .factorNeeded: counter(of: .factorNeeded).increment()
            }
            return outcome
        } catch let refusal as UserError {
            counter(of: .refused).increment()
            throw refusal
        } catch {
            counter(of: .turnedAway).increment()
            throw error
        }
    }

    private static func counter(of fate: Fate) -> Counter {
        Counter(label: "flotilla.user.log_ins", dimensions: [("outcome", fate.rawValue)])
    }
}
