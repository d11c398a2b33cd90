import Foundation

/// An HTTP server on 127.0.0.1 for one test: it answers each connection once, by the path that is asked for.
package final class LocalServer: @unchecked Sendable {
    // Proof for @unchecked: all fields are set before the thread starts; `requests` is read and written under `lock`.
    /// What to send, byte for byte; `body` may go on for ever.
    package struct Answer: Sendable {
        var head: String
        var body: [UInt8]
        /// How often the body is sent; the client may go away before.
        var repeats: Int
        /// Seconds before each piece of the body.
        var pause: Double

        /// An answer.
        package init(head: String, body: [UInt8] = [], repeats: Int = 1, pause: Double = 0) {
            (self.head, self.body, self.repeats, self.pause) = (head, body, repeats, pause)
        }

        package static func ok(_ type: String, _ body: [UInt8], length: Int? = nil) -> Answer {
            Answer(
                head: "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nContent-Length: \(length ?? body.count)\r\n",
                body: body)
        }

        package static func redirect(_ place: String) -> Answer {
            Answer(head: "HTTP/1.1 302 Found\r\nLocation: \(place)\r\nContent-Length: 0\r\n")
        }
    }

    package let port: Int
    private let listener: Int32
    private let answer: @Sendable (String) -> Answer
    private let lock = NSLock()
    private var heads: [String] = []

    /// The heads of all requests so far.
    package var requests: [String] { lock.withLock { heads } }

    package init(_ answer: @escaping @Sendable (String) -> Answer) throws {
        self.answer = answer
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer -> Int32 in
                guard bind(listener, pointer, size) == 0, listen(listener, 8) == 0 else { return -1 }
                return getsockname(listener, pointer, &size)
            }
        }
        guard listener >= 0, status == 0 else { throw CocoaError(.featureUnsupported) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in serve() }
    }

    /// The address of a path.
    package func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Ends the server.
    package func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            Thread.detachNewThread { [self] in
                serve(connection)
                close(connection)
            }
        }
        close(listener)
    }

    private func serve(_ connection: Int32) {
        var head: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: head, as: UTF8.self).contains("\r\n\r\n") {
            let count = recv(connection, &piece, piece.count, 0)
            guard count > 0 else { return }
            head += piece.prefix(count)
        }
        let text = String(decoding: head, as: UTF8.self)
        lock.withLock { heads.append(text) }
        let path = text.split(separator: " ").dropFirst().first.map(String.init) ?? "/"
        let answer = answer(path)
        guard send(answer.head + "Connection: close\r\n\r\n", connection) else { return }
        for _ in 0..<answer.repeats {
            if answer.pause > 0 { Thread.sleep(forTimeInterval: answer.pause) }
            guard send(answer.body, connection) else { return }
        }
    }

    private func send(_ text: String, _ connection: Int32) -> Bool { send(Array(text.utf8), connection) }

    private func send(_ bytes: [UInt8], _ connection: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }
}
