import AsyncHTTPClient
import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import Web

/// Why a try brought no answer.
enum Mishap: Error, Sendable, Hashable {
    /// No connection could be made, so nothing was sent.
    case notConnected(isTimeout: Bool)
    /// The connection broke, or what came was not HTTP: the request may have been carried out.
    case broken
    /// The answer did not begin in time: likewise.
    case tooLate
    /// The request can't be written as one to an upstream; no upstream is to blame.
    case notSendable

    init(_ error: any Error) {
        switch error {
        case let error as HTTPClientError:
            self = Self.mishap(of: error)
        case is NIOConnectionError:
            self = .notConnected(isTimeout: false)
        case let error as IOError where Self.connectErrors.contains(error.errnoCode):
            self = .notConnected(isTimeout: false)
        case ChannelError.connectTimeout:
            self = .notConnected(isTimeout: true)
        default:
            self = .broken
        }
    }

    private static let connectErrors = [
        ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, EADDRNOTAVAIL,
    ]

    private static func mishap(of error: HTTPClientError) -> Mishap {
        switch error {
        case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
            .notConnected(isTimeout: true)
        case .deadlineExceeded, .readTimeout, .writeTimeout: .tooLate
        case .invalidURL, .emptyHost, .traceRequestWithBody: .notSendable
        default:
            // Those with a list of names have no case to compare with.
            error.shortDescription.hasPrefix("Invalid header field") ? .notSendable : .broken
        }
    }

    /// Its name in metrics.
    var label: String {
        switch self {
        case .notConnected(isTimeout: false): "not_connected"
        case .notConnected(isTimeout: true): "connect_timeout"
        case .broken: "broken"
        case .tooLate: "timeout"
        case .notSendable: "not_sendable"
        }
    }

    func problem(upstream: String) -> Problem {
        switch self {
        case .notConnected(isTimeout: false):
            .unavailable("\(upstream) can't be reached", retryAfterSeconds: 1)
        case .notConnected(isTimeout: true), .tooLate:
            Problem(
                status: .gatewayTimeout, code: "gateway.timeout",
                detail: "\(upstream) did not answer in time")
        case .broken:
            Problem(
                status: .badGateway, code: "gateway.broken",
                detail: "the connection to \(upstream) broke before its answer")
        case .notSendable:
            .badRequest("the request can't be passed on")
        }
    }
}
