import Foundation
import Settings

/// What of payments can be configured.
enum PaymentSettings {
    enum Provider: String, CaseIterable, Sendable { case simulated, http }

    static let provider = Setting<Provider>.choice(
        "payment.provider", default: .simulated,
        "Who moves the money: nobody, for trying out, or a provider behind payment.http.url.")
    static let seed = Setting<String>.string(
        "payment.simulated.seed", default: "flotilla",
        "What the simulated provider draws its answers from; one seed, one set of answers.")
    static let successPercentage = Setting<Int>.int(
        "payment.simulated.successPercentage", default: 90, in: 0...100,
        "How many of a hundred payments the simulated provider lets succeed.")
    static let url = Setting<String>.custom(
        "payment.http.url", default: "", defaultText: "",
        allowed: "an http or https URL without user, query or fragment",
        "Where the provider's API is.", parse: { $0.isEmpty ? "" : httpURL($0) })
    static let apiKey = Setting<String?>.secretText(
        "payment.http.apiKey", "What the provider knows this system by, as a bearer token.")
    /// A charge may take a question and a call, within the 30 s of an effect.
    static let timeout = Setting<Duration>.duration(
        "payment.http.timeout", default: .seconds(10), in: .milliseconds(50)...(.seconds(14)),
        "How long one call of the provider may take; after that its outcome is asked for.")
    static let webhookSecret = Setting<String?>.secretText(
        "payment.webhookSecret",
        "What the provider signs its webhooks with; without it none is taken.")
    static let capture = Setting<CaptureMode>.choice(
        "payment.capture", default: .automatic,
        "Whether money is taken at once, or set aside until an administrator takes it.")
    static let authorizationLifetime = Setting<Duration>.duration(
        "payment.authorizationLifetime", default: .seconds(7 * 86_400),
        in: .seconds(60)...(.seconds(90 * 86_400)),
        "How long money stays set aside, where the provider does not say.")
    static let reconcileInterval = Setting<Duration>.duration(
        "payment.reconcileInterval", default: .seconds(86_400),
        in: .zero...(.seconds(30 * 86_400)),
        "How often payments are reckoned against bookings; 0s for never.")
    static let reconcileGrace = Setting<Duration>.duration(
        "payment.reconcileGrace", default: .seconds(1_800), in: .zero...(.seconds(7 * 86_400)),
        "How long an order may be on its way before the reckoning lists it.")

    static let all: [any DeclaredSetting] = [
        provider, seed, successPercentage, url, apiKey, timeout, webhookSecret, capture,
        authorizationLifetime, reconcileInterval, reconcileGrace,
    ]

    private static func httpURL(_ text: String) -> String? {
        guard let parts = URLComponents(string: text), ["http", "https"].contains(parts.scheme),
            parts.host?.isEmpty == false, parts.user == nil, parts.password == nil,
            parts.query == nil, parts.fragment == nil
        else { return nil }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}

/// Settings that contradict each other.
enum PaymentSettingsError: Error, CustomStringConvertible {
    case noURL

    var description: String { "payment.http.url: is needed where payment.provider is http" }
}
