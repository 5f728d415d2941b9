import Events
import Hummingbird
import Web

/// What each process knows of one thing, told as if one process knew all of it.
extension Gateway {
    /// Other things that one account tells of and everybody is asked about, each a round: as many
    /// as a busy person reads, and less than a second.
    private static let askedCountMax = 100

    /// One account out of everybody's, and so on for the things that it tells of.
    func joinAccounts(
        _ request: PassedRequest, _ shape: AccountShape, until deadline: ContinuousClock.Instant
    ) async throws -> Response {
        let target = request.head.path ?? request.path
        let voices = await askAll(request, until: deadline) { _ in target }
        let refusals = voices.compactMap(\.refusal)
        if let refusal = refusals.first(where: { $0.status != 404 }) {
            return Self.response(refusal)
        }
        var accounts = Accounts(shape)
        guard let root = voices.compactMap({ accounts.add($0) }).first else {
            let unread = voices.first { $0.status == 200 }
            return Self.response(try unread?.answer.get() ?? absence(of: voices))
        }
        var silent = Set(voices.filter(\.isUntold).map(\.upstream.name))
        var asked: Set = [root]
        let parent = request.path.prefix(
            upTo: request.path.lastIndex(of: "/") ?? request.path.endIndex)
        while asked.count < Self.askedCountMax, let id = accounts.first(notAmong: asked) {
            asked.insert(id)
            let voices = await askAll(request, until: deadline) { _ in "\(parent)/\(id)" }
            for voice in voices { _ = accounts.add(voice) }
            silent.formUnion(voices.filter(\.isUntold).map(\.upstream.name))
        }
        var account = accounts.account(of: root) { module in
            (try? fleet.upstream(of: module))?.name
        }
        // What is missing must not look as if it were not there.
        if !silent.isEmpty { account["unreachable"] = .array(silent.sorted().map { .string($0) }) }
        return try Self.response(JSONValue.object(account))
    }
}

extension Gateway.Voice {
    /// Whether it is not known what the process would tell: no answer, or one nested too deeply.
    fileprivate var isUntold: Bool { isSilent || status == 200 && members == nil }
}

/// What several processes told of things that lead from one to the next.
struct Accounts {
    private struct Account {
        /// The process that told it.
        let teller: String
        let members: [String: JSONValue]
    }

    private let shape: AccountShape
    private var accounts: [String: [Account]] = [:]
    private var children: [String: Set<String>] = [:]

    init(_ shape: AccountShape) { self.shape = shape }

    /// Takes in what a process told; the id of the thing, if it is an account.
    mutating func add(_ voice: Gateway.Voice) -> String? {
        voice.members.flatMap { add($0, from: voice.upstream.name) }
    }

    /// Takes in an account and those within it.
    mutating func add(_ members: [String: JSONValue], from teller: String) -> String? {
        guard let id = members.text("id") else { return nil }
        accounts[id, default: []].append(Account(teller: teller, members: members))
        for child in members.objects(shape.children) {
            if let child = add(child, from: teller) { children[id, default: []].insert(child) }
        }
        return id
    }

    /// Something that was told of, and has not been asked for.
    func first(notAmong asked: Set<String>) -> String? {
        accounts.keys.filter { !asked.contains($0) }.min()
    }

    /// Everything that is known of a thing. Its parts are in the order of their names, its children
    /// in that of their times.
    ///
    /// - Parameter tellerOfModule: the process whose word counts for the parts of a module.
    func account(
        of id: String, by tellerOfModule: (String) -> String?
    ) -> [String: JSONValue] {
        var whole: [String: JSONValue] = [:]
        var parts: [String: (teller: String, part: JSONValue)] = [:]
        for account in accounts[id] ?? [] {
            for (name, value) in account.members where whole[name]?.isSaying != true {
                whole[name] = value
            }
            for part in account.members.objects(shape.parts) {
                let name = part.text(shape.name) ?? ""
                let isBest = tellerOfModule(String(name.prefix { $0 != "." })) == account.teller
                if isBest || parts[name] == nil { parts[name] = (account.teller, .object(part)) }
            }
        }
        whole[shape.parts] = .array(parts.sorted { $0.key < $1.key }.map(\.value.part))
        let children = (children[id] ?? []).map { account(of: $0, by: tellerOfModule) }
        whole[shape.children] = .array(
            children.sorted { Self.place(of: $0) < Self.place(of: $1) }.map { .object($0) })
        return whole
    }

    private static func place(of account: [String: JSONValue]) -> (time: String, id: String) {
        (account.text("time") ?? "", account.text("id") ?? "")
    }
}

extension JSONValue {
    /// Whether it is more than nothing.
    fileprivate var isSaying: Bool { self != .null && self != .array([]) }
}

extension [String: JSONValue] {
    /// A member that is text.
    fileprivate func text(_ name: String) -> String? {
        guard case .string(let text) = self[name] else { return nil }
        return text
    }

    /// The objects of a member that is a list.
    fileprivate func objects(_ name: String) -> [[String: JSONValue]] {
        guard case .array(let values) = self[name] else { return [] }
        return values.compactMap { value in
            if case .object(let members) = value { members } else { nil }
        }
    }
}
