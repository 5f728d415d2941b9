import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Web

extension Gateway {
    /// How long the rest of a body is read away after an answer that did not wait for it.
    private static let lingering = Duration.seconds(2)

    /// Passes a request on as it is, and the answer as it is.
    func forward(
        _ request: PassedRequest, to upstream: Upstream, until deadline: ContinuousClock.Instant
    ) async throws -> Response {
        var parcel = Courier.Parcel(
            method: HTTPMethod(rawValue: request.head.method.rawValue),
            target: request.head.path ?? request.path,
            headers: ForwardedFields.upstream(request))
        let limit = courier.settings.bodyByteCountMax
        guard request.bodyByteCount ?? 0 <= limit else {
            throw BodyNotRead.tooLarge(byteCountMax: limit).problem
        }
        guard request.bodyByteCount != 0 else {
            let answer = try await courier.send(parcel, to: upstream, until: deadline)
            return streamed(answer, to: request, from: upstream, until: deadline)
        }
        let relay = ChunkRelay()
        parcel.body = .stream(relay, byteCount: request.bodyByteCount)
        let (result, progress) = await exchange(
            parcel, body: request, through: relay, to: upstream, until: deadline)
        switch result {
        case .success(let answer):
            var response =
                switch answer {
                case .begun(let answer):
                    streamed(answer, to: request, from: upstream, until: deadline)
                case .whole(let answer): Self.response(answer)
                }
            if progress == .broken { response.closeConnection() }
            return response
        case .failure(let problem as Problem) where progress == .broken:
            throw UnreadBody(problem)
        case .failure(let error):
            throw error
        }
    }

    /// How far a client's body was read.
    private enum Progress: Sendable {
        case untouched, complete
        /// The connection can't be used again.
        case broken
    }

    private enum Answer: Sendable {
        case begun(HTTPClientResponse)
        case whole(WholeAnswer)

        /// Whether the upstream may still be reading the request's body.
        var isTakingMore: Bool {
            if case .begun(let response) = self { response.status.code < 300 } else { false }
        }
    }

    private enum Step: Sendable {
        case read(Progress)
        case answered(Result<Answer, any Error>)
        case late
    }

    /// Reads the client's body while the upstream takes it. Both have ended when this returns:
    /// nobody may be reading from the client's connection when its next request is looked for.
    private func exchange(
        _ parcel: Courier.Parcel, body: PassedRequest, through relay: ChunkRelay,
        to upstream: Upstream, until deadline: ContinuousClock.Instant
    ) async -> (Result<Answer, any Error>, Progress) {
        await withTaskGroup(of: Step.self) { group in
            group.addTask(name: "body") { .read(await read(body, into: relay)) }
            group.addTask(name: "request") {
                do {
                    return .answered(
                        .success(
                            try await ask(
                                parcel, through: relay, from: upstream, until: deadline)))
                } catch {
                    return .answered(.failure(error))
                }
            }
            var answer: Result<Answer, any Error>?
            var progress: Progress?
            while answer == nil || progress == nil, let step = await group.next() {
                switch step {
                case .read(let end): progress = end
                case .answered(let result):
                    answer = result
                    let isTakingMore = (try? result.get())?.isTakingMore ?? false
                    if !isTakingMore { relay.close() }
                    let end = isTakingMore ? deadline : min(deadline, .now + Self.lingering)
                    group.addTask(name: "lingering") {
                        try? await Task.sleep(until: end, clock: .continuous)
                        return .late
                    }
                case .late: group.cancelAll()
                }
            }
            group.cancelAll()
            relay.close()
            return (answer ?? .failure(CancellationError()), progress ?? .broken)
        }
    }

    /// The answer, or if it is a refusal that comes before the end of the body, all of it: the
    /// client library gives the rest of the request up then, and must not be told of it before.
    private func ask(
        _ parcel: Courier.Parcel, through relay: ChunkRelay, from upstream: Upstream,
        until deadline: ContinuousClock.Instant
    ) async throws -> Answer {
        let response = try await courier.send(parcel, to: upstream, until: deadline)
        guard response.status.code >= 300, !relay.isFinished else { return .begun(response) }
        return .whole(try await courier.collect(response, from: upstream, until: deadline))
    }

    /// Reads a body as it is asked for. The rest of one that nobody wants any more is read away, so
    /// that the client sees its answer instead of a reset.
    private func read(_ request: PassedRequest, into relay: ChunkRelay) async -> Progress {
        guard await relay.demand() else { return .untouched }
        let limit = courier.settings.bodyByteCountMax
        var byteCount = 0
        do {
            var chunks = request.body.makeAsyncIterator()
            while let chunk = try await chunks.next() {
                byteCount += chunk.readableBytes
                guard byteCount <= limit else {
                    relay.finish(BodyNotRead.tooLarge(byteCountMax: limit))
                    return .broken
                }
                relay.send(chunk)
                _ = await relay.demand()
            }
            relay.finish()
            return .complete
        } catch {
            relay.finish(BodyNotRead.brokenOff)
            return .broken
        }
    }

    private func streamed(
        _ answer: HTTPClientResponse, to request: PassedRequest, from upstream: Upstream,
        until deadline: ContinuousClock.Instant
    ) -> Response {
        let stream = AnswerStream(response: answer, upstream: upstream, deadline: deadline)
        let headers = ForwardedFields.client(answer.headers)
        let status = HTTPResponse.Status(
            code: Int(answer.status.code), reasonPhrase: answer.status.reasonPhrase)
        let isEmpty = request.head.method == .head || [204, 304].contains(status.code)
        let byteCount = headers[.contentLength].flatMap { Int($0) }
        // The header speaks of the body that a GET would have; none is written.
        let body = ResponseBody(contentLength: isEmpty ? 0 : byteCount) { writer in
            if isEmpty {
                try await stream.discard()
                try await writer.finish(nil)
            } else {
                try await stream.write(to: &writer)
            }
        }
        return Response(status: status, headers: headers, body: body)
    }
}
