import Events

/// The event of all measurements of the bus: about 250 bytes of JSON.
struct Happened: Event {
    static let type: EventType = "BenchHappenedEventV1"
    static let topic: Topic = "bench.events"

    let key: String
    let number: Int
    let text: String

    init(number: Int, keyCount: Int) {
        self.number = number
        key = "key-\(number % keyCount)"
        text = Self.filling
    }

    private static let filling = String(repeating: "what an event has to tell ", count: 7)
}
