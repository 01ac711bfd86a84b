internal import CZMQ
internal import Glibc

/// Gives messages to whoever is connected, in one of the three ways of Karabo bridge.
public final class BridgeServer {
  public enum Pattern: String, Sendable, CaseIterable {
    /// Each message to the client that asks for one.
    case reply = "REP"
    /// Each message to one of the clients, in turn.
    case push = "PUSH"
    /// Each message to all clients.
    case publish = "PUB"
  }

  /// Where it serves.
  public let endpoint: String
  private let pattern: Pattern
  private let socket: BridgeSocket
  private let report: (String) -> Void
  /// Clients that have asked and have no answer yet, in order: what has to stand before the answer.
  private var requests: [[[UInt8]]] = []
  private var subscribers = 0
  private var refusals = 0

  /// Memory for what waits for a slow subscriber.
  private static let mostQueuedBytes = 256 << 20
  private static let mostQueued = 1000
  /// How long anything is waited for before it is looked whether it is still wanted, in milliseconds.
  private static let patience = 100
  /// More that ask at the same time wait in libzmq's queues.
  private static let mostRequests = 1024
  /// Requests that make no sense are told of up to this many.
  private static let mostRefusals = 10

  /// - Parameters:
  ///   - endpoint: such as `tcp://*:4545` or `ipc:///path`.
  ///   - messageSize: no message has more bytes.
  ///   - report: told in one sentence of requests that make no sense.
  public init(
    _ pattern: Pattern, at endpoint: String, messageSize: Int, report: @escaping (String) -> Void
  ) throws(BridgeError) {
    self.pattern = pattern
    self.report = report
    // REP itself throws away the answer to a client that is gone, and the train with it: ROUTER is what lies under it. XPUB is PUB that
    // tells of subscribers.
    switch pattern {
    case .reply: socket = try BridgeSocket(type: ZMQ_ROUTER, queue: 1)
    case .push: socket = try BridgeSocket(type: ZMQ_PUSH, queue: 1)
    case .publish:
      let queue = max(2, min(Self.mostQueued, Self.mostQueuedBytes / max(1, messageSize)))
      socket = try BridgeSocket(type: ZMQ_XPUB, queue: Int32(queue))
    }
    self.endpoint = try socket.bind(endpoint)
  }

  /// Waits until so many clients have subscribed.
  /// - Returns: false where `isWanted` has become false.
  public func waitForSubscribers(_ count: Int, while isWanted: () -> Bool) -> Bool {
    while isWanted() {
      noteSubscribers()
      if subscribers >= count { return true }
      socket.wait(toSend: false, milliseconds: Self.patience)
    }
    return false
  }

  private func noteSubscribers() {
    while let message = socket.receive() {
      switch message.first?.first {
      case 1: subscribers += 1
      case 0: subscribers -= 1
      default: break
      }
    }
  }

  /// Gives a message to a client, and waits until there is one; to all, where it publishes.
  /// - Returns: false where `isWanted` has become false before that.
  public func send(_ message: BridgeMessage, while isWanted: () -> Bool) throws(BridgeError) -> Bool {
    switch pattern {
    case .publish:
      noteSubscribers()
      // Never full: what a slow subscriber has no room for is lost to it.
      return try socket.send([], message.parts) == .sent
    case .push:
      while isWanted() {
        if try socket.send([], message.parts) == .sent { return true }
        socket.wait(toSend: true, milliseconds: Self.patience)
      }
      return false
    case .reply: return try answer(with: message, while: isWanted)
    }
  }

  private func answer(with message: BridgeMessage, while isWanted: () -> Bool) throws(BridgeError) -> Bool {
    while isWanted() {
      try takeRequests()
      guard !requests.isEmpty else {
        socket.wait(toSend: false, milliseconds: Self.patience)
        continue
      }
      // The message stays for the next one where a client is gone, or has not taken what it asked for before.
      for (number, envelope) in requests.enumerated() {
        let sent = try socket.send(envelope, message.parts)
        if sent == .full { continue }
        requests.remove(at: number)
        if sent == .sent { return true }
        break
      }
      if !requests.isEmpty { usleep(1000) }
    }
    return false
  }

  /// Takes note of who asks, and tells those who ask for something else that they should not.
  private func takeRequests() throws(BridgeError) {
    while requests.count < Self.mostRequests, let parts = socket.receive() {
      // What comes before the empty part is the way back; without one it is no request.
      guard let end = parts.firstIndex(where: \.isEmpty) else { continue }
      let envelope = Array(parts[...end])
      let request = Array(parts[(end + 1)...].joined())
      if request == Array("next".utf8) {
        requests.append(envelope)
        continue
      }
      refusals += 1
      if refusals <= Self.mostRefusals {
        report(
          "a client asked for '\(String(decoding: request.prefix(100), as: UTF8.self))', and was told to ask for next")
      }
      // What the Python server says, too.
      _ = try socket.send(envelope, [.bytes(Array("Error: bad request ".utf8) + request)])
    }
  }

  /// Waits until clients have got what was sent to them, and ends.
  public func close(lingering milliseconds: Int32) {
    socket.close(lingering: milliseconds)
    // libzmq leaves the file of its socket where it was.
    let path = endpoint.dropFirst("ipc://".count)
    if endpoint.hasPrefix("ipc://"), !path.hasPrefix("@") { unlink(String(path)) }
  }
}
