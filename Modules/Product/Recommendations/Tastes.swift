import Foundation

/// The words that a user's preferences are made of.
///
/// What a preference means is the client's affair: `{"interests": "beach, city break"}` is three
/// phrases' words, and `{"diving": "true"}` is one.
enum Tastes {
    /// A user has at most 50 preferences; more words than this say nothing more.
    private static let countMax = 50
    private static let lengths = 2...64

    /// In lower case, each once, in order: each word, each phrase of several, and each phrase as a
    /// category's slug has it.
    static func words(of preferences: [String: String]) -> [String] {
        var words: Set<String> = []
        for (name, value) in preferences {
            let isSwitch = ["true", "yes", "on", "1"].contains(value.lowercased())
            for phrase in (isSwitch ? name : value).lowercased().split(whereSeparator: isBreak) {
                let parts = phrase.split { !$0.isLetter && !$0.isNumber }.map(String.init)
                words.formUnion(parts)
                words.insert(parts.joined(separator: " "))
                words.insert(parts.joined(separator: "-"))
            }
        }
        return Array(words.filter { lengths.contains($0.count) }.sorted().prefix(countMax))
    }

    private static func isBreak(_ character: Character) -> Bool {
        [",", ";", "|", "\n"].contains(character)
    }
}
