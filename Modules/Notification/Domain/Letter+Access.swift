import UserContract

// Ways into an account.
extension Letter {
    static func passwordReset(_ event: UserPasswordResetRequested, link: String) -> Letter {
        Letter(
            kind: .passwordReset, subject: "A new password for Flotilla",
            paragraphs: ["somebody, most likely you, wants to set a new password. Do it here:"]
                + paragraphs(link: link, until: event.expiresAt)
                + ["If it was not you, ignore this mail. Nothing changes, your password neither."])
    }

    static func passwordChanged(_ event: UserPasswordChanged) -> Letter {
        Letter(
            kind: .passwordChanged, subject: "Your Flotilla password has changed",
            paragraphs: [
                "your password was changed on \(spelled(event.changedAt)).",
                """
                If it was not you, set a new one at once by "forgot password", and tell us.
                """,
            ])
    }

    static func mfaChanged(_ event: MfaStatusChanged) -> Letter {
        if event.method == MfaStatusChanged.recoveryCodes {
            return Letter(
                kind: .mfaChanged, subject: "New recovery codes at Flotilla",
                paragraphs: [
                    "new recovery codes were made on \(spelled(event.changedAt)). Those that you"
                        + " had are worth nothing now.", notMe,
                ])
        }
        let state = event.enabled ? "on" : "off"
        let effect =
            event.enabled
            ? "From now on a log-in takes your password and a code."
            : "From now on your password is enough to log in."
        return Letter(
            kind: .mfaChanged, subject: "Two-step log-in at Flotilla is \(state)",
            paragraphs: [
                "two-step log-in was turned \(state) on \(spelled(event.changedAt)). \(effect)",
                notMe,
            ])
    }

    /// A log-in that its owner should know of; `nil` for one as usual.
    static func loggedIn(_ event: UserLoggedIn) -> Letter? {
        let isNewDevice = event.isNewDevice == true
        let device = "a device that we had not seen with you before"
        if event.method == "recovery_code" {
            let from = isNewDevice ? ", and from \(device)" : ""
            return Letter(
                kind: .recoveryCodeUsed, subject: "A recovery code was used at Flotilla",
                paragraphs: [
                    "somebody logged in to your account with a recovery code\(from):",
                    circumstances(of: event),
                    "If it was you, make sure that enough codes are left: this one is used up.",
                    notMe,
                ])
        }
        guard isNewDevice else { return nil }
        return Letter(
            kind: .newDevice, subject: "A new device at Flotilla",
            paragraphs: [
                "somebody logged in to your account from \(device):",
                circumstances(of: event),
                "If it was you, you need not do anything.",
                notMe,
            ])
    }

    private static func circumstances(of event: UserLoggedIn) -> String {
        let agent = (event.userAgent ?? "").asOutsideWords()
        let address = (event.ipAddress ?? "").asOutsideWords()
        return """
            Time: \(spelled(event.loggedInAt))
            Program: \(agent.isEmpty ? "unknown" : agent)
            Network address: \(address.isEmpty ? "unknown" : address)
            """
    }

    private static let notMe =
        "If it was not you, change your password now and end all sessions of your account."
}
