package import Hummingbird
import NIOCore
import Synchronization

/// What a request carries through the middlewares.
package struct WebContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The IP address at the other end of the connection.
    let peerAddress: String?
    /// Who makes the request, as far as trusted proxies tell; set by ``ObservationMiddleware``.
    var clientAddress: String?
    /// Taken from the client or made; set by ``ObservationMiddleware``.
    var requestID = ""
    /// Told outwards, to the access log and the error answers.
    let notes = RequestNotes()
    /// When the whole request must be over; set by ``ObservationMiddleware``.
    var deadline = ContinuousClock.now

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peerAddress = source.channel.remoteAddress?.ipAddress
        clientAddress = peerAddress
    }
}

/// What inner layers tell the layers around them about a request.
final class RequestNotes: Sendable {
    private struct State {
        var userID: String?
        var isBodyRead = false
        var isPassedOn = false
        var route: String?
    }

    private let state = Mutex(State())

    /// Who was found to make the request.
    var userID: String? {
        get { state.withLock { $0.userID } }
        set { state.withLock { $0.userID = newValue } }
    }

    /// Whether reading the body was begun.
    var isBodyRead: Bool {
        get { state.withLock { $0.isBodyRead } }
        set { state.withLock { $0.isBodyRead = newValue } }
    }

    /// Whether the answer is another process's, to be handed on as it is.
    var isPassedOn: Bool {
        get { state.withLock { $0.isPassedOn } }
        set { state.withLock { $0.isPassedOn = newValue } }
    }

    /// The template that a request for another process matched.
    var route: String? {
        get { state.withLock { $0.route } }
        set { state.withLock { $0.route = newValue } }
    }
}
