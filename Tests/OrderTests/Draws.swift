import Synchronization

/// Texts to be drawn one after the other; the last again and again.
final class Draws: Sendable {
    private let texts: Mutex<[String]>

    init(_ texts: [String]) { self.texts = Mutex(texts) }

    func next() -> String {
        texts.withLock { texts in
            texts.count > 1 ? texts.removeFirst() : texts.first ?? ""
        }
    }
}
