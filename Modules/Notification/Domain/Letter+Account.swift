import UserContract

// Accounts that begin, rest and go on.
extension Letter {
    /// - Parameter link: what confirms the address; `nil` when nothing is to confirm.
    static func welcome(_ event: UserRegistered, link: String?) -> Letter {
        var paragraphs = [
            "your Flotilla account is open. There is a welcome order waiting in it."
        ]
        if let link {
            paragraphs.append("One thing is left to do: confirm that this address is yours.")
            paragraphs += Self.paragraphs(link: link, until: event.expiresAt)
            paragraphs.append(
                "If you did not open it, leave the link alone: tell us, and the account is gone.")
        } else {
            paragraphs.append(
                "If you did not open it, you need not do anything: tell us, and it is gone.")
        }
        return Letter(
            kind: .welcome, subject: "Welcome to Flotilla, \(event.firstName)",
            paragraphs: paragraphs)
    }

    static let registrationRepeated = Letter(
        kind: .registrationRepeated, subject: "You have a Flotilla account already",
        paragraphs: [
            "somebody tried to open an account with your address. You have one already, and"
                + " nothing about it has changed.",
            """
            If it was you, log in as ever; if the password is lost, "forgot password" sets a new \
            one. If it was not you, you need not do anything.
            """,
        ])

    static func suspended(_ event: UserAccountStatusChanged) -> Letter {
        let reason = (event.reason ?? "").asOutsideWords(countMax: 500)
        return Letter(
            kind: .accountSuspended, subject: "Your Flotilla account is suspended",
            paragraphs: ["your account is suspended: nobody can log in to it for now."]
                + (reason.isEmpty ? [] : ["The reason given: \(reason)"])
                + ["If you think that this is a mistake, tell us."])
    }

    static let reactivated = Letter(
        kind: .accountReactivated, subject: "Your Flotilla account is open again",
        paragraphs: [
            "your account is no longer suspended. You can log in again, and everything is where"
                + " you left it."
        ])
}
