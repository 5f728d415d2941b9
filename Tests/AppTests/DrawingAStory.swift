import EventBus
import Events
import Foundation
import Testing

@testable import flotilla

@Suite struct `Drawing the life of an event` {
    @Test func `puts what a consumer caused below that consumer`() throws {
        let effect = story(
            "B", at: "12:00:00.001", causedIn: #""order.x""#, deliveries: [], caused: [])
        let cause = story(
            "A", at: "12:00:00.000", causedIn: "null",
            deliveries: [
                #"""
                {"consumer": "order.x", "state": "handled", "attempts": 1,
                 "at": "2026-01-01T12:00:00.002Z", "durationMicroseconds": 1500}
                """#,
                #"""
                {"consumer": "search.y", "state": "retrying", "attempts": 3,
                 "at": "2026-01-01T12:00:00.010Z"}
                """#,
                #"{"consumer": "audit.z", "state": "pending", "attempts": 0}"#,
            ], caused: [effect])
        let decoded = try FlotillaJSON.decode(EventStory.self, from: Data(cause.utf8))
        #expect(
            StoryTree(decoded).lines == [
                "A  00000000-0000-7000-8000-000000000001  +0.0 ms  (user position 7)",
                "├─ order.x  handled  +2.0 ms  took 1.5 ms",
                "│  └─ B  00000000-0000-7000-8000-000000000001  +1.0 ms  (user position 7)",
                "├─ search.y  retrying  +10.0 ms  attempt 3",
                "└─ audit.z  pending",
            ])
    }

    /// A story as `flotilla events show --json` prints it.
    private func story(
        _ type: String, at time: String, causedIn: String, deliveries: [String], caused: [String]
    ) -> String {
        """
        {"id": "00000000-0000-7000-8000-000000000001", "type": "\(type)", "topic": "t.events",
         "key": "k", "publisher": "user", "position": 7, "time": "2026-01-01T\(time)Z",
         "publishedWith": [],
         "relay": {"transport": "in-process", "isTaken": true, "attempts": 1},
         "correlationId": "c", "causationId": null, "causedIn": \(causedIn),
         "deliveries": [\(deliveries.joined(separator: ","))],
         "caused": [\(caused.joined(separator: ","))]}
        """
    }
}
