extension String {
    /// Words of somebody else as a part of our sentence: on one line, cut, and without what a mail
    /// program would make a link of.
    ///
    /// Whoever opens an account with another's address has us write to that person; the name given
    /// must not carry an advertisement's address there.
    func asOutsideWords(countMax: Int = 100) -> String {
        var words = String.UnicodeScalarView()
        for scalar in unicodeScalars where !Self.directionMarks.contains(scalar) {
            words.append(scalar.properties.isBlank ? " " : scalar)
        }
        let line = String(words).split(separator: " ").joined(separator: " ")
        // What precedes a host; and a dot before two letters, which may begin a top-level domain:
        // "J.R." stays as it is. By scalars, so that no accent on a mark hides it.
        let marks = /:(?=\/\/)|\.(?=\p{L}{2})/.matchingSemantics(.unicodeScalar)
        return String(line.replacing(marks) { "\($0.output) " }.prefix(countMax))
    }

    /// Marks that have the rest of a line read backwards. Joiners stay: scripts need them.
    private static let directionMarks: Set<Unicode.Scalar> = [
        "\u{061C}", "\u{200E}", "\u{200F}", "\u{202A}", "\u{202B}", "\u{202C}", "\u{202D}",
        "\u{202E}", "\u{2066}", "\u{2067}", "\u{2068}", "\u{2069}",
    ]
}

extension Unicode.Scalar.Properties {
    /// Whether it is a control character, breaks a line or is a blank.
    fileprivate var isBlank: Bool {
        switch generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .spaceSeparator: true
        default: false
        }
    }
}
