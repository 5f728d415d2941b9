import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import User
import UserContract
import Web

/// An address as its user sees it.
struct AddressSeen: Decodable, Equatable {
    let id: AddressID
    let label: String
    let line1: String
    let line2: String?
    let city: String
    let region: String?
    let postalCode: String
    let country: String
    let isDefault: Bool
    let createdAt: Date
}

/// The addresses of a user.
struct AddressBook: Sendable {
    static let path = "/api/v1/users/me/addresses"

    let harness: ModuleHarness<UserModule>
    let caller: TestCaller

    /// Opens an account for it.
    init(
        _ harness: ModuleHarness<UserModule>, _ email: String = "ada@example.org"
    ) async throws {
        self.harness = harness
        let user = try await harness.register(["email": .string(email)]).read(UserSeen.self)
        caller = TestCaller(user.id)
    }

    static func form(
        _ label: String, isDefault: Bool, _ changes: [String: JSONValue] = [:]
    ) -> String {
        let fields: [String: JSONValue] = [
            "label": .string(label), "line1": .string("1 Long Street"),
            "city": .string("Berlin"), "postalCode": .string("10115"),
            "country": .string("de"), "isDefault": .bool(isDefault),
        ]
        return Form.json(fields.merging(changes) { _, change in change })
    }

    func list() async throws -> [AddressSeen] {
        let answer = try await harness.send(.get, Self.path, as: caller)
        return try answer.read([String: [AddressSeen]?].self)["items"].flatMap(\.self) ?? []
    }

    func post(
        _ label: String, isDefault: Bool, _ changes: [String: JSONValue] = [:]
    ) async throws -> TestAnswer {
        try await harness.send(
            .post, Self.path, as: caller,
            json: Self.form(label, isDefault: isDefault, changes))
    }

    /// One more, a second after the last.
    func add(_ label: String, isDefault: Bool) async throws -> AddressSeen {
        harness.time.advance(by: .seconds(1))
        let answer = try await post(label, isDefault: isDefault)
        #expect(answer.status == .created)
        let address = try answer.read(AddressSeen.self)
        #expect(answer.headers[.location] == "\(Self.path)/\(address.id)")
        return address
    }

    func put(
        _ id: AddressID, _ label: String, isDefault: Bool, ifMatch: String? = nil
    ) async throws -> TestAnswer {
        var headers: HTTPFields = [:]
        headers[.ifMatch] = ifMatch
        return try await harness.send(
            .put, "\(Self.path)/\(id)", as: caller, headers: headers,
            json: Self.form(label, isDefault: isDefault))
    }

    func delete(_ id: AddressID, ifMatch: String? = nil) async throws -> TestAnswer {
        var headers: HTTPFields = [:]
        headers[.ifMatch] = ifMatch
        return try await harness.send(
            .delete, "\(Self.path)/\(id)", as: caller, headers: headers)
    }
}
