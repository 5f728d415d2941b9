import Web

/// What a log-in must bear and may tell.
struct LogInPolicy: Sendable {
    /// The least time that a log-in takes to fail.
    let failureFloor: FailureFloor
    /// Failures of a client address; those of an account are counted in the database.
    let failures: RateLimit
    /// Whether nobody gets in before their address is confirmed.
    let requiresVerifiedEmail: Bool
    /// Whether nobody can learn who has an account.
    let concealsAccounts: Bool
    /// Whether administrators are such only with a second factor.
    let administratorsNeedFactor: Bool
}
