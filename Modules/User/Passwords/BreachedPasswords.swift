import Crypto
import Events
import Foundation
import Platform

/// A list of passwords that breaches have made known, by their SHA-1 hashes, as such lists are
/// published: one `HASH` or `HASH:COUNT` a line, in upper-case hexadecimal, sorted.
///
/// The file stays on the disk: a look-up reads some thirty pages of it, also of one with a billion
/// lines, on a thread of its own. Nothing leaves the machine, as an online service would ask for.
struct BreachedPasswords: Sendable {
    private static let hashLength = 40

    private let path: String
    private let threads = WorkThreads(name: "breached", countMax: 2)

    /// - Parameter path: of the file.
    init(path: String) { self.path = path }

    /// Whether the password is on the list.
    ///
    /// - Throws: what opening the file fails with; ``BreachedPasswordsUnfit``.
    func contains(_ password: Password) async throws -> Bool {
        let hash = Insecure.SHA1.hash(data: Data(password.normalized.utf8)).hexEncoded
        let wanted = Array(hash.uppercased().utf8)
        return try await threads.run { [self] in try find(wanted, in: open()) }
    }

    /// Makes sure that the file is there and looks like such a list.
    ///
    /// - Throws: as ``contains(_:)``.
    func check() async throws {
        try await threads.run { [self] in
            let lines = try open()
            guard lines.count >= Self.hashLength,
                lines.prefix(Self.hashLength).allSatisfy(Self.isHexDigit)
            else { throw BreachedPasswordsUnfit() }
        }
    }

    private func open() throws -> Data {
        try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
    }

    /// By halves: always a piece that begins where a line does.
    private func find(_ wanted: [UInt8], in lines: Data) throws -> Bool {
        var (low, high) = (lines.startIndex, lines.endIndex)
        while low < high {
            let middle = Self.lineStart(at: low + (high - low) / 2, after: low, in: lines)
            let hash = lines[middle...].prefix(Self.hashLength)
            guard hash.count == Self.hashLength, hash.allSatisfy(Self.isHexDigit) else {
                throw BreachedPasswordsUnfit()
            }
            if hash.elementsEqual(wanted) { return true }
            if hash.lexicographicallyPrecedes(wanted) {
                low = Self.lineEnd(after: middle, in: lines)
            } else {
                high = middle
            }
        }
        return false
    }

    private static let lineFeed = UInt8(ascii: "\n")

    /// Where the line begins that a place lies in; no further back than a limit.
    private static func lineStart(at place: Int, after limit: Int, in lines: Data) -> Int {
        var start = place
        while start > limit, lines[start - 1] != lineFeed { start -= 1 }
        return start
    }

    private static func lineEnd(after start: Int, in lines: Data) -> Int {
        lines[start...].firstIndex(of: lineFeed).map { $0 + 1 } ?? lines.endIndex
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
        default: false
        }
    }
}

/// The file is no sorted list of SHA-1 hashes.
struct BreachedPasswordsUnfit: Error, CustomStringConvertible {
    var description: String {
        "user.breachedPasswords names no list of upper-case SHA-1 hashes, one a line"
    }
}
