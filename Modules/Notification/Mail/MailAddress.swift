/// A mailbox that is safe to write into a header and into an SMTP command.
///
/// The address is ASCII: a dot-atom, `@`, a host name (RFC 5321, section 4.1.2). Quoted local
/// parts and address literals are refused. So are non-ASCII addresses: they need SMTPUTF8 on every
/// hop (RFC 6531), and a relay without it bounces the mail hours later; a domain of another script
/// is given in its `xn--` form. The name may be any text without control characters.
struct MailAddress: Sendable, Hashable {
    /// `local@domain`, as given.
    let address: String
    /// What stands before the address, for people; never empty.
    let name: String?

    /// - Throws: ``MailError/unfit(_:)`` with `.address` or `.name`.
    init(_ address: String, name: String? = nil) throws(MailError) {
        guard Self.isFit(address) else { throw .unfit(.address) }
        guard name?.hasControlCharacters != true else { throw .unfit(.name) }
        self.address = address
        self.name = name?.isEmpty == true ? nil : name
    }

    /// What follows the `@`.
    var domain: Substring { address.drop { $0 != "@" }.dropFirst() }

    // RFC 5321, section 4.5.3.1: 64 octets before the `@`, and 256 for the path, which counts
    // `<` and `>`: 254.
    private static let octetCountMax = 254
    private static let localOctetCountMax = 64

    private static func isFit(_ address: String) -> Bool {
        let octets = Array(address.utf8)
        guard octets.count <= octetCountMax, let at = octets.firstIndex(of: UInt8(ascii: "@"))
        else { return false }
        let local = octets[..<at]
        let domain = octets[(at + 1)...]
        return local.count <= localOctetCountMax
            && isDotted(local) { $0.isASCIIAlphanumeric || atomMarks.contains($0) }
            && isDotted(domain) { $0.isASCIIAlphanumeric || $0 == UInt8(ascii: "-") }
            && domain.split(separator: UInt8(ascii: ".")).allSatisfy(isLabel)
    }

    /// Whether the octets are non-empty runs of allowed ones between single dots.
    private static func isDotted(_ octets: ArraySlice<UInt8>, of allowed: (UInt8) -> Bool) -> Bool {
        octets.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0.allSatisfy(allowed) }
    }

    private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
        label.count <= 63 && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
    }

    private static let atomMarks = Set("!#$%&'*+-/=?^_`{|}~".utf8)
}

extension UInt8 {
    var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// A digit of base 16, of either case.
    var isASCIIHexDigit: Bool {
        isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20)
    }

    var isASCIIAlphanumeric: Bool {
        isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }
}

extension StringProtocol {
    /// Whether a scalar is a control character or breaks a line: CR, LF, NUL, DEL, NEL, U+2028…
    var hasControlCharacters: Bool {
        unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
    }
}
