/// Everything that is wrong with a configuration, found in one go.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One line each: the key, the value (never a secret), where it came from, what is allowed.
    public let problems: [String]

    /// The problems, a line each.
    public var description: String { problems.joined(separator: "\n") }

    /// Collects problems; also for checks that concern several settings at once.
    ///
    /// - Precondition: there is at least one.
    public init(problems: [String]) {
        precondition(!problems.isEmpty, "an error without a problem")
        self.problems = problems
    }
}
