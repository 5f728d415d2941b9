import Foundation
import UserContract

/// Links into the pages for people, from `mail.linkBase` and nothing that a request brought.
///
/// A token stands in the fragment alone: what follows the `#` stays in the browser, out of every
/// log, proxy and `Referer`, and a scanner that fetches the link spends nothing.
struct MailLinks: Sendable, Hashable {
    /// An http or https URL without a slash at its end.
    let base: String

    /// - Throws: ``MailLinksError`` for what is no such URL, or has a user, query or fragment.
    init(_ text: String) throws(MailLinksError) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let parts = URLComponents(string: text, encodingInvalidCharacters: false),
            ["http", "https"].contains(parts.scheme?.lowercased()),
            parts.host?.isEmpty == false, parts.user == nil, parts.password == nil,
            parts.query == nil, parts.fragment == nil,
            parts.rangeOfPort == nil || (1...65_535).contains(parts.port ?? 0)
        else { throw .badBase }
        base = String(text.reversed().drop { $0 == "/" }.reversed())
    }

    /// Where a token of this use is spent.
    func link(_ use: SealedToken.Use, token: String) -> String {
        let fragment = token.addingPercentEncoding(withAllowedCharacters: Self.unreserved) ?? ""
        return "\(base)/account/\(Self.page(for: use))#token=\(fragment)"
    }

    private static func page(for use: SealedToken.Use) -> String {
        switch use {
        case .emailVerification: "verify-email"
        case .passwordReset: "reset-password"
        case .emailChange: "confirm-email-change"
        case .emailChangeUndo: "undo-email-change"
        }
    }

    // RFC 3986, section 2.3.
    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}

/// What is wrong with a `mail.linkBase`.
enum MailLinksError: Error, Equatable {
    case badBase
}

extension MailLinksError: CustomStringConvertible {
    var description: String {
        "mail.linkBase is no http or https URL, or has a user, a query or a fragment"
    }
}
