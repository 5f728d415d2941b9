import NIOCore
import Synchronization

/// Hands a body over, chunk by chunk, from the task that reads it to the one that sends it.
///
/// A chunk is read when the other side asks for one, so memory stays at one chunk and nothing is
/// read of a body that nobody wants. Either side may end first and the other hears of it. A class
/// with a `Mutex`: what suspends waits in continuations that the lock guards.
final class ChunkRelay: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    private struct State {
        var end: Result<Void, any Error>?
        var isClosed = false
        var consumer: CheckedContinuation<ByteBuffer?, any Error>?
        var producer: CheckedContinuation<Bool, Never>?
        var wasAsked = false
    }

    private let state = Mutex(State())

    // MARK: - The side that reads

    /// Waits until a chunk is wanted; `false` when none will be.
    func demand() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.isClosed || Task.isCancelled { return false }
                    if state.consumer != nil { return true }
                    state.producer = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            takeProducer()?.resume(returning: false)
        }
    }

    /// Hands the chunk over that was asked for; one that nobody wants any more is dropped.
    func send(_ chunk: ByteBuffer) {
        takeConsumer()?.resume(returning: chunk)
    }

    /// No chunk will follow, because the body is complete or can't be read on.
    func finish(_ error: (any Error)? = nil) {
        let end: Result<Void, any Error> = error.map { .failure($0) } ?? .success(())
        let consumer = state.withLock { state in
            if state.end == nil { state.end = end }
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(with: end.map { nil })
    }

    // MARK: - The side that sends

    /// No chunk is wanted any more.
    func close() {
        let (consumer, producer) = state.withLock { state in
            state.isClosed = true
            defer { (state.consumer, state.producer) = (nil, nil) }
            return (state.consumer, state.producer)
        }
        consumer?.resume(throwing: CancellationError())
        producer?.resume(returning: false)
    }

    /// Whether a chunk was ever asked for; until then the body can be sent to somebody else.
    var wasAsked: Bool { state.withLock(\.wasAsked) }

    /// Whether the sending side waits for the reading one.
    var isWaiting: Bool { state.withLock { $0.consumer != nil } }

    /// Whether the body was read to its end, or to where it could not be read on.
    var isFinished: Bool { state.withLock { $0.end != nil } }

    /// What the body could not be read on for.
    var failure: (any Error)? {
        state.withLock { state in
            if case .failure(let error) = state.end { error } else { nil }
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(relay: self) }

    struct Iterator: AsyncIteratorProtocol {
        let relay: ChunkRelay

        func next() async throws -> ByteBuffer? { try await relay.next() }
    }

    private func next() async throws -> ByteBuffer? {
        try await withCheckedThrowingContinuation { continuation in
            let (end, producer) = state.withLock {
                state -> (Result<Void, any Error>?, CheckedContinuation<Bool, Never>?) in
                state.wasAsked = true
                if let end = state.end { return (end, nil) }
                if state.isClosed { return (.failure(CancellationError()), nil) }
                state.consumer = continuation
                defer { state.producer = nil }
                return (nil, state.producer)
            }
            producer?.resume(returning: true)
            if let end { continuation.resume(with: end.map { nil }) }
        }
    }

    private func takeProducer() -> CheckedContinuation<Bool, Never>? {
        state.withLock { state in
            defer { state.producer = nil }
            return state.producer
        }
    }

    private func takeConsumer() -> CheckedContinuation<ByteBuffer?, any Error>? {
        state.withLock { state in
            defer { state.consumer = nil }
            return state.consumer
        }
    }
}
