import AsyncHTTPClient
import Events
import Foundation
import NIOCore
import NIOHTTP1

/// A provider that is asked over HTTP: `GET URL/offers?productId=ID`.
struct HTTPOfferProvider: OfferProvider {
    /// A hundred offers of the longest names have about 50 KiB.
    private static let byteCountMax = 256 * 1_024
    private static let offerCountMax = 100

    let address: ProviderAddress
    let timeout: Duration
    let connections: ProviderConnections

    var name: String { address.name }

    func offers(for product: ProductID) async throws -> [Offer] {
        var request = HTTPClientRequest(url: "\(address.url)/offers?productId=\(product)")
        request.headers.add(name: "Accept", value: "application/json")
        let response = try await connections.client().execute(
            request, timeout: .nanoseconds(Int64(timeout / .nanoseconds(1))))
        guard response.status == .ok else {
            throw ProviderFailure.refused(response.status.code)
        }
        let body: ByteBuffer
        do {
            body = try await response.body.collect(upTo: Self.byteCountMax)
        } catch is NIOTooManyBytesError {
            throw ProviderFailure.tooLarge
        }
        return try Self.offers(in: Data(body.readableBytesView))
    }

    /// Takes all of an answer or nothing of it: who gets one price wrong may have the others wrong.
    static func offers(in body: Data) throws(ProviderFailure) -> [Offer] {
        guard let answer = try? FlotillaJSON.decode(Answer.self, from: body) else {
            throw .unreadable
        }
        let offers = answer.offers
        guard offers.count <= offerCountMax, offers.allSatisfy(\.isShowable),
            Set(offers.map(\.id)).count == offers.count
        else { throw .unreadable }
        return offers
    }

    private struct Answer: Decodable {
        let offers: [Offer]
    }
}

extension Offer {
    private static let amounts: ClosedRange<Int64> = 1...((1 << 53) - 1)

    /// Whether it may be shown to people and given to programs as it is.
    fileprivate var isShowable: Bool {
        Self.isText(id, lengthMax: 100) && Self.isText(name, lengthMax: 200)
            && Self.amounts.contains(price.amount) && price.currency.isISO4217
    }

    private static func isText(_ text: String, lengthMax: Int) -> Bool {
        (1...lengthMax).contains(text.count) && text.utf8.count <= 4 * lengthMax
            && !text.unicodeScalars.contains { scalar in
                [.control, .lineSeparator, .paragraphSeparator]
                    .contains(scalar.properties.generalCategory)
            }
    }
}

/// Why a provider's answer was not taken.
enum ProviderFailure: Error, Equatable, CustomStringConvertible {
    case refused(UInt)
    case tooLarge
    case unreadable
    case closed

    var description: String {
        switch self {
        case .refused(let status): "the answer was \(status)"
        case .tooLarge: "the answer is too large"
        case .unreadable: "the answer is not a list of offers"
        case .closed: "this process is stopping"
        }
    }
}
