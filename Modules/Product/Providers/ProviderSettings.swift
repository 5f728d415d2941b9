import Foundation
import Platform
import Settings

/// Who has offers for our products, and how long they are waited for.
struct ProviderSettings: Sendable {
    static let declared: [any DeclaredSetting] = [
        addresses, timeout, freshFor, staleFor, concurrency, circuitFailures, circuitPause,
    ]

    private static let addresses = Setting<[ProviderAddress]>.custom(
        "product.providers", default: [], defaultText: nil,
        allowed: "NAME=URL pairs separated by commas, names of a-z, 0-9 and -, each once",
        "Providers of offers beside our products; URL/offers?productId=ID is asked.",
        parse: ProviderAddress.list)
    private static let timeout = Setting<Duration>.duration(
        "product.providers.timeout", default: .seconds(2), in: .milliseconds(10)...(.seconds(15)),
        "How long a provider may take, to the last byte of its answer.")
    private static let freshFor = Setting<Duration>.duration(
        "product.providers.freshFor", default: .seconds(30), in: .zero...(.seconds(86_400)),
        "For so long an answer is given without asking again.")
    private static let staleFor = Setting<Duration>.duration(
        "product.providers.staleFor", default: .seconds(86_400),
        in: .zero...(.seconds(30 * 86_400)),
        "For so long an answer is given, marked as stale, while its provider fails.")
    private static let concurrency = Setting<Int>.int(
        "product.providers.concurrency", default: 16, in: 1...1_000,
        "Requests that a provider is sent at once; who finds so many gets the last answer.")
    private static let circuitFailures = Setting<Int>.int(
        "product.providers.circuit.failures", default: 5, in: 1...1_000,
        "Failures in a row after which a provider is not asked for a while.")
    private static let circuitPause = Setting<Duration>.duration(
        "product.providers.circuit.pause", default: .seconds(30),
        in: .milliseconds(10)...(.seconds(3_600)),
        "How long it is not asked; then one request tries.")

    var addresses: [ProviderAddress]
    var timeout: Duration
    var freshFor: Duration
    var staleFor: Duration
    var concurrency: Int
    var circuit: Circuit.Settings

    init(_ settings: Settings) {
        addresses = settings[Self.addresses]
        timeout = settings[Self.timeout]
        freshFor = settings[Self.freshFor]
        staleFor = settings[Self.staleFor]
        concurrency = settings[Self.concurrency]
        circuit = Circuit.Settings(
            failureCountMax: settings[Self.circuitFailures], pause: settings[Self.circuitPause])
    }
}

/// A provider's name, and where it answers.
struct ProviderAddress: Sendable, Hashable {
    let name: String
    /// Without a slash at the end.
    let url: String

    /// Reads `NAME=URL` pairs; `nil` when one is none, or a name comes twice.
    ///
    /// Addresses come from the configuration alone: nothing in a request, in a product or in an
    /// answer of a provider says where a request goes.
    static func list(_ text: String) -> [ProviderAddress]? {
        var addresses: [ProviderAddress] = []
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let address = ProviderAddress(entry.trimmingCharacters(in: .whitespaces)),
                !addresses.contains(where: { $0.name == address.name })
            else { return text.isEmpty ? [] : nil }
            addresses.append(address)
        }
        return addresses
    }

    private init?(_ entry: String) {
        let sides = entry.split(separator: "=", maxSplits: 1)
        guard sides.count == 2, sides[0].wholeMatch(of: /[a-z0-9-]{1,40}/) != nil,
            let parts = URLComponents(string: String(sides[1])),
            ["http", "https"].contains(parts.scheme), let host = parts.host, !host.isEmpty,
            parts.user == nil, parts.query == nil, parts.fragment == nil,
            (1...65_535).contains(parts.port ?? 80)
        else { return nil }
        name = String(sides[0])
        url = sides[1].hasSuffix("/") ? String(sides[1].dropLast()) : String(sides[1])
    }
}
