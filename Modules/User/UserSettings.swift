import Settings
import Web

/// What an operator may say about accounts and log-ins.
enum UserSettings {
    static let hashingThreads = Setting<Int>.int(
        "user.hashingThreads", default: 0, in: 0...64,
        "Threads that hash passwords, each a core and 19 MiB; 0: one less than there are cores.")
    static let passwordLengthMin = Setting<Int>.int(
        "user.passwordLengthMin", default: 12, in: 8...64,
        "The fewest characters of a new password; 15 are advised where it is the only factor.")
    static let breachedPasswords = Setting<String?>.custom(
        "user.breachedPasswords", default: nil, defaultText: nil, allowed: "the path of a file",
        "Passwords that are refused as breached, beside the common ones that the program knows:"
            + " upper-case SHA-1 hashes, one a line, sorted, each with or without :COUNT.",
        parse: { $0.isEmpty ? nil : .some($0) })
    static let failureFloor = Setting<Duration>.duration(
        "user.failureFloor", default: .milliseconds(350), in: .zero ... .seconds(5),
        "A log-in that fails is not answered sooner, so that the time does not tell why: longer"
            + " than the slowest of the stored hashes takes.")
    static let failuresPerMinute = Setting<Int>.int(
        "user.failuresPerMinute", default: 100, in: 0...100_000,
        "Log-ins and registrations of a client address that may fail in a minute; 0: any number."
            + " Accounts have a limit of their own.")
    static let resetsPerMinute = Setting<Int>.int(
        "user.resetsPerMinute", default: 60, in: 0...100_000,
        "Requests for a password reset of a client address that are heeded in a minute; 0: any.")
    static let concealAccounts = Setting<Bool>.bool(
        "auth.concealAccounts", default: false,
        "Whether a registration with a taken address is answered like any other. Nobody gets in"
            + " then before their address is confirmed.")
    static let requireVerifiedEmail = Setting<Bool>.bool(
        "auth.requireVerifiedEmail", default: false,
        "Whether log-ins are refused before the address is confirmed.")
    static let administratorFactor = Setting<FactorRule>.choice(
        "auth.administratorFactor", default: .production,
        "Whether administrators are such only in sessions with a second factor: always, never, or"
            + " where environment is production.")

    static let all: [any DeclaredSetting] = [
        hashingThreads, passwordLengthMin, breachedPasswords, failureFloor, failuresPerMinute,
        resetsPerMinute,
        concealAccounts, requireVerifiedEmail, administratorFactor,
    ]

    /// When administrators need a second factor.
    enum FactorRule: String, CaseIterable, Sendable {
        case always, never, production
    }

    static func passwordPolicy(_ settings: Settings) -> PasswordPolicy {
        PasswordPolicy(
            lengthMin: settings[passwordLengthMin],
            breached: settings[breachedPasswords].map { BreachedPasswords(path: $0) })
    }

    static func logInPolicy(_ settings: Settings, isProduction: Bool) -> LogInPolicy {
        let conceals = settings[concealAccounts]
        let needsFactor =
            switch settings[administratorFactor] {
            case .always: true
            case .never: false
            case .production: isProduction
            }
        return LogInPolicy(
            failureFloor: FailureFloor(settings[failureFloor]),
            failures: limit(settings[failuresPerMinute]),
            requiresVerifiedEmail: conceals || settings[requireVerifiedEmail],
            concealsAccounts: conceals,
            administratorsNeedFactor: needsFactor)
    }

    static func resetLimit(_ settings: Settings) -> RateLimit { limit(settings[resetsPerMinute]) }

    private static func limit(_ perMinute: Int) -> RateLimit {
        RateLimit(.init(perSecond: Double(perMinute) / 60, burst: max(1, perMinute)))
    }
}
