import Foundation
import Synchronization

/// A TCP connection whose every byte the test decides on. Calls block, at most for 5 s.
final class RawConnection {
    private let descriptor: Int32
    private static let timeoutMilliseconds: Int32 = 5_000

    /// - Throws: ``Failure`` when nobody listens.
    init(port: UInt16) throws {
        descriptor = try Self.socket()
        var address = Self.loopback(port: port)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            close(descriptor)
            throw Failure(code: errno)
        }
    }

    deinit { close(descriptor) }

    /// - Throws: ``Failure`` when the other side has closed.
    func write(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(code: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// What arrives until the other side closes; nil when it stays open.
    func readToEnd() -> String? { read { _ in false } }

    /// What arrives until it holds `text`, or the other side closes.
    func read(until text: String) -> String? { read { $0.contains(text) } }

    /// Whether something has come, or the other side has closed.
    var isReadable: Bool { waitForInput(milliseconds: 0) }

    private func read(until isEnough: (String) -> Bool) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while waitForInput(milliseconds: Self.timeoutMilliseconds) {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 { bytes += buffer.prefix(count) }
            let text = String(decoding: bytes, as: UTF8.self)
            if count <= 0 || isEnough(text) { return text }
        }
        return nil
    }

    private func waitForInput(milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, milliseconds) > 0
    }

    /// A system call that failed.
    struct Failure: Error {
        let code: Int32
    }

    fileprivate static func socket() throws -> Int32 {
        let descriptor = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    fileprivate static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }
}

/// A port that is taken: connections are made by the kernel, and nobody ever says a word.
final class SilentListener {
    private let descriptor: Int32
    let port: UInt16

    init(port wanted: UInt16 = 0) throws {
        descriptor = try RawConnection.socket()
        var address = RawConnection.loopback(port: wanted)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        guard status else { throw RawConnection.Failure(code: errno) }
    }

    deinit { close(descriptor) }

    /// A port that was free a moment ago, and that nobody else in this process is given. It is
    /// below those that the machine gives to connections, one of which could have it meanwhile
    /// (ip(7), `ip_local_port_range`).
    static func freePort() throws -> UInt16 {
        for _ in 0..<100 {
            let port = last.withLock { last in
                last = last < 29_999 ? last + 1 : 10_000
                return last
            }
            if let listener = try? SilentListener(port: port) { return listener.port }
        }
        throw RawConnection.Failure(code: EADDRINUSE)
    }

    private static let last = Mutex(UInt16.random(in: 10_000..<30_000))
}
