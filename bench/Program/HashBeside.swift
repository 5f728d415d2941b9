import ArgumentParser
import CSodium
import Foundation

/// Hashes passwords on one thread as log-ins do, until standard input ends.
struct HashBeside: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash",
        abstract: "Hashes passwords on one thread, until standard input ends.")

    @Option(help: "Memory of one hash, in KiB.")
    var memory = 19_456

    @Option(help: "Passes over it.")
    var passes: UInt64 = 2

    func run() async throws {
        try verify(sodium_init() >= 0, "libsodium did not start")
        let (memory, passes) = (memory * 1_024, passes)
        let hashes = HandledCount()
        // It ends with the process.
        Thread {
            var output = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
            let password = "correct horse battery"
            while crypto_pwhash_str_alg(
                &output, password, UInt64(password.utf8.count), passes, memory,
                crypto_pwhash_ALG_ARGON2ID13) == 0
            {
                hashes.increment()
            }
            // Nobody is to measure beside nothing.
            Foundation.exit(1)
        }.start()
        await standardInputEnded()
        try verify(hashes.value > 0, "nothing was hashed")
        try say(["hashes": hashes.value])
    }
}
