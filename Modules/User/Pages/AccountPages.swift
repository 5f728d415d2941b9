import Foundation
import HTTPTypes
import Web

/// The pages that links in mails lead to, for a shop that has none of its own yet.
///
/// A page spends nothing by being looked at: scanners of mail follow links. It takes the token out
/// of the fragment, which no server sees, and sends it when somebody presses the button.
struct AccountPages: Sendable {
    let passwordLengthMin: Int

    var routes: [Route] {
        AccountPage.allCases.map { page in
            .get("/account/\(page.rawValue)", access: .anyone) { _ in
                Self.answer(page.html(passwordLengthMin: passwordLengthMin), "text/html")
            }
        } + [
            .get("/account/account.js", access: .anyone) { _ in
                Self.answer(Self.script, "text/javascript")
            },
            .get("/account/account.css", access: .anyone) { _ in
                Self.answer(Self.style, "text/css")
            },
        ]
    }

    /// Everything is this server's own, and nothing may frame it or take its forms elsewhere.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        + " form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

    private static func answer(_ text: String, _ type: String) -> WebResponse {
        WebResponse(
            status: .ok,
            headers: [
                .contentType: "\(type); charset=utf-8", .contentSecurityPolicy: policy,
            ], body: Data(text.utf8))
    }
}

/// One page: what it says, and which endpoint its button calls.
enum AccountPage: String, CaseIterable, Sendable {
    case verifyEmail = "verify-email"
    case resetPassword = "reset-password"
    case confirmEmailChange = "confirm-email-change"
    case undoEmailChange = "undo-email-change"

    private var endpoint: String {
        switch self {
        case .verifyEmail: "/api/v1/email-verifications/confirm"
        case .resetPassword: "/api/v1/password-resets/confirm"
        case .confirmEmailChange: "/api/v1/email-changes/confirm"
        case .undoEmailChange: "/api/v1/email-changes/undo"
        }
    }

    private var words: (title: String, text: String, button: String, done: String) {
        switch self {
        case .verifyEmail:
            (
                "Confirm your address",
                "Mail to your address has arrived. One press, and it is confirmed.",
                "Confirm my address", "Thank you. Your address is confirmed."
            )
        case .resetPassword:
            (
                "Choose a new password",
                "It replaces the old one, and every session that is open now ends.",
                "Set the new password", "Your new password is set. You can log in with it now."
            )
        case .confirmEmailChange:
            (
                "Confirm your new address",
                "From then on, this is the address that you log in with.",
                "Use this address", "Your account has its new address."
            )
        case .undoEmailChange:
            (
                "Take the change back",
                "Your account gets its old address back, and every session that is open ends."
                    + " Choose a new password afterwards.",
                "Give me my old address back",
                "Your account has its old address again. Please choose a new password now."
            )
        }
    }

    func html(passwordLengthMin: Int) -> String {
        let words = words
        let field =
            self == .resetPassword
            ? """

                <label for="password">New password</label>
                <input id="password" name="newPassword" type="password" required
                  autocomplete="new-password" minlength="\(passwordLengthMin)"
                  maxlength="\(Password.lengthMax)" aria-describedby="hint">
                <p id="hint">At least \(passwordLengthMin) characters. Several words do well.</p>
            """ : ""
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <meta name="robots" content="noindex">
              <title>\(words.title) – Flotilla</title>
              <link rel="stylesheet" href="/account/account.css">
              <script src="/account/account.js" defer></script>
            </head>
            <body>
              <main>
                <p class="house">Flotilla</p>
                <h1>\(words.title)</h1>
                <form data-endpoint="\(endpoint)" data-done="\(words.done)">
                  <p>\(words.text)</p>\(field)
                  <button type="submit">\(words.button)</button>
                </form>
                <p id="outcome" role="status" aria-live="polite"></p>
                <noscript>This page needs JavaScript: it keeps your link's secret out of every
                  server's log.</noscript>
              </main>
            </body>
            </html>

            """
    }
}
