import Foundation
import HTTPTypes
import Web

/// Where a request came from, as far as it tells.
struct Device: Sendable, Hashable {
    /// The client's address; `nil` when the transport has none.
    let ipAddress: String?
    /// The client's `User-Agent`, cut to 300 characters; `nil` when it sent none.
    let userAgent: String?

    init(ipAddress: String?, userAgent: String?) {
        self.ipAddress = ipAddress
        self.userAgent = userAgent.map { String($0.prefix(300)) }
    }

    init(_ request: WebRequest) {
        self.init(
            ipAddress: request.clientAddress,
            userAgent: request.headers[.userAgent])
    }

    /// What its addresses are counted as.
    var network: String { ClientAddress.network(of: ipAddress) }
}
