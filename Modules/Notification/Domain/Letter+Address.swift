import UserContract

// Addresses that are shown to be somebody's, and those that change.
extension Letter {
    static func emailVerification(_ event: UserEmailVerificationRequested, link: String) -> Letter {
        Letter(
            kind: .emailVerification, subject: "Confirm your address for Flotilla",
            paragraphs: ["please confirm that this address is yours:"]
                + paragraphs(link: link, until: event.expiresAt)
                + ["If you have no account with us, leave the link alone. Nothing will happen."])
    }

    /// Whoever opened the account may have been somebody else, who still knows the password.
    static let emailVerified = Letter(
        kind: .emailVerified, subject: "Your address for Flotilla is confirmed",
        paragraphs: [
            "your address is confirmed. Thank you!",
            """
            If you did not choose the password of the account yourself, set a new one now by \
            "forgot password". Then nobody else has it.
            """,
        ])

    static func emailChange(_ event: UserEmailChangeRequested, link: String) -> Letter {
        Letter(
            kind: .emailChange, subject: emailChangeSubject,
            paragraphs: ["please confirm that your Flotilla account shall have this address:"]
                + paragraphs(link: link, until: event.expiresAt)
                + ["If you did not ask for it, leave the link alone. Nothing will happen."])
    }

    /// To the owner of an address that somebody else wanted.
    ///
    /// Kind and subject are those of the confirmation: the account that asked lists both, and must
    /// not learn from them whose address it is.
    static let emailChangeRefused = Letter(
        kind: .emailChange, subject: emailChangeSubject,
        paragraphs: [
            "somebody wanted this address for another Flotilla account. It belongs to yours, so"
                + " nothing happened, and you need not do anything.",
            "If it was you, log in to the account that has this address already.",
        ])

    /// - Parameter link: what takes the change back; `nil` when it was taken back just now, and
    ///   the address may have been a stranger's all the time.
    static func emailChanged(_ event: UserEmailChanged, link: String?) -> Letter {
        guard let link else {
            return Letter(
                kind: .emailChanged, subject: emailChangedSubject,
                paragraphs: [
                    "a Flotilla account no longer has this address: the change to it was taken"
                        + " back on \(spelled(event.changedAt)).",
                    "You need not do anything.",
                ])
        }
        return Letter(
            kind: .emailChanged, subject: emailChangedSubject,
            paragraphs: [
                "since \(spelled(event.changedAt)) your account has another address. Mails no"
                    + " longer come to this one.",
                "If you did not change it, take it back here, then set a new password:",
            ] + paragraphs(link: link, until: event.expiresAt))
    }

    private static let emailChangeSubject = "A new address for a Flotilla account"
    private static let emailChangedSubject = "The address of your Flotilla account has changed"
}
