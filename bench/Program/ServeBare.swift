import ArgumentParser
import Foundation
import Hummingbird

/// Hummingbird alone, with one route that always answers the same.
struct ServeBare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves one answer by Hummingbird alone.")

    @Option(help: "The route, such as /api/v1/orders/:id.")
    var path: String

    @Option(help: "The file with what is answered.")
    var body: String

    @Option(help: "The media type of the answer.")
    var contentType = "application/json; charset=utf-8"

    func run() async throws {
        let bytes = ByteBuffer(bytes: try Data(contentsOf: URL(filePath: body)))
        let headers: HTTPFields = [.contentType: contentType]
        let router = Router()
        router.get(RouterPath(path)) { _, _ in
            Response(status: .ok, headers: headers, body: .init(byteBuffer: bytes))
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                try? say(Listening(port: channel.localAddress?.port ?? 0))
            })
        try await application.runService()
    }
}

private struct Listening: Encodable {
    let port: Int
}
