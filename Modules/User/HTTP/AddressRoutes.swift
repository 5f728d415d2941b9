import Events
import Foundation
import HTTPTypes
import Storage
import UserContract
import Web

/// The endpoints of the caller's addresses.
struct AddressRoutes: Sendable {
    let addresses: Addresses
    let idempotency: Idempotency

    var all: [Route] {
        let one = "/api/v1/users/me/addresses/{id}"
        return [
            .get("/api/v1/users/me/addresses", access: .authenticated, list),
            .post("/api/v1/users/me/addresses", access: .authenticated, add),
            .get(one, access: .authenticated, show),
            .put(one, access: .authenticated, update),
            Route(.delete, one, access: .authenticated, remove),
        ].map { $0.limitingBody(to: IdentityRoutes.bodyByteCountMax) }
    }

    /// All of them on one page: there are at most fifty.
    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        let addresses = try await addresses.list(of: try request.caller().userID)
        return try .json(Page(items: addresses.map(AddressBody.init), nextCursor: nil))
    }

    @Sendable private func add(_ request: WebRequest) async throws -> WebResponse {
        let user = try request.caller().userID
        let (fields, isDefault) = try request.decode { $0.address() }
        return try await addresses.database.write { transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                let address = try addresses.add(
                    fields, isDefault: isDefault, of: user, in: transaction)
                return try .json(
                    AddressBody(address), version: address.version, status: .created,
                    headers: [.location: "/api/v1/users/me/addresses/\(address.id)"])
            }
        }
    }

    @Sendable private func show(_ request: WebRequest) async throws -> WebResponse {
        let address = try await addresses.find(
            try id(of: request), of: try request.caller().userID)
        return try .json(AddressBody(address), version: address.version)
    }

    @Sendable private func update(_ request: WebRequest) async throws -> WebResponse {
        let (fields, isDefault) = try request.decode { $0.address() }
        let address = try await addresses.update(
            try id(of: request), to: fields, isDefault: isDefault,
            of: try request.caller().userID, if: try request.ifMatch())
        return try .json(AddressBody(address), version: address.version)
    }

    @Sendable private func remove(_ request: WebRequest) async throws -> WebResponse {
        try await addresses.remove(
            try id(of: request), of: try request.caller().userID, if: try request.ifMatch())
        return .noContent
    }

    private func id(of request: WebRequest) throws -> AddressID {
        guard let id = request.parameters["id"].flatMap({ AddressID($0) }) else {
            throw UserError.addressNotFound
        }
        return id
    }
}

/// An address as its user sees it.
struct AddressBody: Encodable, Sendable {
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

    init(_ address: Address) {
        id = address.id
        label = address.fields.label
        line1 = address.fields.line1
        line2 = address.fields.line2
        city = address.fields.city
        region = address.fields.region
        postalCode = address.fields.postalCode
        country = address.fields.country
        isDefault = address.isDefault
        createdAt = address.createdAt
    }
}

extension Fields {
    fileprivate mutating func address() -> (Address.Fields, isDefault: Bool) {
        let fields = Address.Fields(
            label: words("label", length: 1...50), line1: words("line1", length: 1...200),
            line2: optionalString("line2", length: 0...200).nilWhenEmpty,
            city: words("city", length: 1...100),
            region: optionalString("region", length: 0...100).nilWhenEmpty,
            postalCode: words("postalCode", length: 1...20), country: country("country"))
        return (fields, bool("isDefault", default: false))
    }

    /// Text with something to read in it.
    private mutating func words(_ name: String, length: ClosedRange<Int>) -> String {
        let text = string(name, length: length)
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        if !text.isEmpty, trimmed.isEmpty { reject(name, "must not be blank") }
        return trimmed
    }

    private mutating func country(_ name: String) -> String {
        let code = string(name, length: 1...20).uppercased()
        if !code.isEmpty, !Address.isCountry(code) {
            reject(name, "must be a country's two letters, as in ISO 3166-1: DE")
        }
        return code
    }
}

extension String? {
    fileprivate var nilWhenEmpty: String? { flatMap { $0.isEmpty ? nil : $0 } }
}
