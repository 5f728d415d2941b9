import Events
import HTTPTypes
import Hummingbird
import Web

/// What one process has, and which one is not known.
extension Gateway {
    /// Asks everybody for it, and passes the request on to the one that has it.
    ///
    /// - Throws: ``Problem`` 409 when several have it; why somebody could not be asked, if that one
    ///   might have it, too.
    func passOn(
        _ request: PassedRequest, toWhoeverHas lookup: Lookup, named values: [String: String],
        until deadline: ContinuousClock.Instant
    ) async throws -> Response {
        let target = lookup.target(of: request, values)
        let voices = await askAll(request, until: deadline) { _ in target }
        // Somebody whose refusal is about more than whether it is there.
        let refuser = voices.first { $0.refusal.map { ![404, 409].contains($0.status) } ?? false }
        let holders = voices.filter { [200, 409].contains($0.status) }
        if refuser == nil {
            guard holders.count < 2 else { throw lookup.ambiguity(of: holders) }
            let isCertain = holders.contains { lookup.isUnique($0.members, of: request, values) }
            guard isCertain || !voices.contains(where: \.isSilent) else {
                return Self.response(try absence(of: voices))
            }
        }
        guard let voice = refuser ?? holders.first ?? voices.first else {
            return Self.response(try absence(of: voices))
        }
        if request.head.method == .get { return Self.response(try voice.answer.get()) }
        // Also where it is refused, or nobody has it: what is said of that is to be about this
        // request and not about ours.
        return try await forward(request, to: voice.upstream, until: deadline)
    }
}

extension Lookup {
    /// The path that is asked, with as much of the query as says what is meant.
    fileprivate func target(of request: PassedRequest, _ values: [String: String]) -> String {
        let filled = path.split(separator: "/").map { segment -> String in
            let name = segment.hasPrefix("{") ? segment.dropFirst().dropLast() : ""
            return values[String(name)] ?? String(segment)
        }
        let query = parameter(of: request).map { "?\($0)" } ?? ""
        return "/" + filled.joined(separator: "/") + query
    }

    /// Whether no other process can have it, too.
    fileprivate func isUnique(
        _ members: [String: JSONValue]?, of request: PassedRequest, _ values: [String: String]
    ) -> Bool {
        if parameter(of: request) != nil { return true }
        guard case .string(let id) = members?["id"] else { return false }
        return values.values.contains { $0.lowercased() == id.lowercased() }
    }

    fileprivate func ambiguity(of holders: [Gateway.Voice]) -> Problem {
        let names = holders.map { holder in
            guard case .string(let name) = holder.members?[distinction] else {
                return "several of \(holder.upstream.name)"
            }
            return name
        }
        return Problem(
            status: .conflict, code: code,
            detail: "this is at \(names.sorted().joined(separator: " and ")); ask by its own id, or"
                + " name the \(distinction)")
    }

    /// `consumer=search.user-index`, as it stands in the query.
    private func parameter(of request: PassedRequest) -> Substring? {
        request.head.path?.split(separator: "?", maxSplits: 1).dropFirst().first?
            .split(separator: "&").first { $0.hasPrefix("\(distinction)=") }
    }
}
