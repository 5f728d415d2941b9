import Foundation
import NIOHTTP1
import Web

extension Seeder {
    func addPeople() async throws {
        let people = try await learnPeople()
        reporter.begin("users", of: SeedPerson.all.count)
        for person in SeedPerson.all {
            defer { reporter.step() }
            if people[person.email]?.isWhole == true {
                result.users.found += 1
                continue
            }
            if people[person.email] == nil { try await register(person) }
            try await complete(person)
            result.users.made += 1
        }
    }

    /// Somebody who has registered; their preferences come last.
    struct Known: Sendable {
        let isWhole: Bool
    }

    /// Those who are there, by e-mail address.
    func learnPeople() async throws -> [String: Known] {
        let ours = Set(SeedPerson.all.map(\.email))
        var people: [String: Known] = [:]
        for user in try await administrator.all("/api/v1/users") {
            guard let email = user["email"].text, ours.contains(email) else { continue }
            accounts[email] = user["id"].text
            people[email] = Known(isWhole: !user["preferences"].isEmptyObject)
        }
        return people
    }

    private func register(_ person: SeedPerson) async throws {
        let answer = try await client.post(
            "/api/v1/users",
            .object([
                "email": .string(person.email), "password": .string(password),
                "firstName": .string(person.firstName), "lastName": .string(person.lastName),
            ]))
        if answer.status == 422 {
            throw Complaint(
                answer.json["errors"].items.map {
                    "--\(($0["pointer"].text ?? "").dropFirst()) \($0["detail"].text ?? "")"
                })
        }
        accounts[person.email] = try answer.expecting(201).json["id"].text
    }

    /// An address, and then what they like.
    private func complete(_ person: SeedPerson) async throws {
        let own = try await client(of: person)
        let addresses = try await own.get("/api/v1/users/me/addresses").expecting(200)
        if addresses.json["items"].items.isEmpty {
            try await own.post(
                "/api/v1/users/me/addresses",
                .object([
                    "label": .string(person.language == "de" ? "Zuhause" : "Home"),
                    "line1": .string(person.street), "city": .string(person.home.city),
                    "postalCode": .string(person.home.postalCode),
                    "country": .string(person.home.country), "isDefault": .bool(true),
                ])
            ).expecting(201)
        }
        try await own.send(
            .PATCH, "/api/v1/users/me",
            .object([
                "preferences": .object([
                    "interests": .string(person.interests.joined(separator: ", ")),
                    "language": .string(person.language),
                    "currency": .string(person.home.currency),
                ])
            ])
        ).expecting(200)
    }
}
