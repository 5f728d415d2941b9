import Foundation
import UserContract

/// Where somebody wants things to be sent to, or bills to name.
struct Address: Sendable, Hashable {
    let id: AddressID
    var fields: Fields
    /// Of a user's addresses one is.
    var isDefault: Bool
    /// Counts the changes.
    var version: Int64
    let createdAt: Date

    /// What the user says of it.
    struct Fields: Sendable, Hashable {
        var label: String
        var line1: String
        var line2: String?
        var city: String
        var region: String?
        var postalCode: String
        /// ISO 3166-1 alpha-2.
        var country: String
    }

    /// Whether there is a country of this code.
    static func isCountry(_ code: String) -> Bool {
        code.utf8.count == 2 && countries.contains(code)
    }

    /// Those of the standard, without what Unicode's list adds: codes that are reserved for others'
    /// use, and for groups and parts of countries.
    private static let countries = Set(
        Locale.Region.isoRegions.map(\.identifier).filter { code in
            code.utf8.count == 2 && !others.contains(code)
                && code.wholeMatch(of: /AA|Q[M-Z]|X[A-Z]|ZZ/) == nil
        })

    private static let others: Set<String> = [
        "AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "TA", "UN",
    ]
}
