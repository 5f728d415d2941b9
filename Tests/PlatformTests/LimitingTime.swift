import Platform
import Testing

@Suite struct `Limiting time` {
    private struct Mishap: Error {}

    @Test func `gives what the work gives in time`() async throws {
        #expect(try await withTimeLimit(.seconds(60)) { 7 } == 7)
        await #expect(throws: Mishap.self) {
            try await withTimeLimit(.seconds(60)) { throw Mishap() }
        }
    }

    @Test func `ends work that takes longer, and says so`() async {
        let error = await #expect(throws: TimedOut.self) {
            try await withTimeLimit(.milliseconds(1)) { try await Task.sleep(for: .seconds(60)) }
        }
        #expect(error?.limit == .milliseconds(1))
    }
}
