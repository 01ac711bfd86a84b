internal import ArrayIO
internal import CZMQ
internal import Glibc

/// Why a socket cannot do what it should: one sentence.
public struct BridgeError: Error, CustomStringConvertible {
  public var description: String

  init(_ description: String) { self.description = description }

  /// Of a call of libzmq's that has just failed.
  static func latest(_ what: String) -> BridgeError {
    BridgeError("\(what): \(String(cString: zmq_strerror(zmq_errno())))")
  }
}

/// A ZeroMQ socket with its context. It belongs to one thread.
final class BridgeSocket {
  private let context: UnsafeMutableRawPointer
  private let socket: UnsafeMutableRawPointer
  private var isClosed = false

  /// - Parameters:
  ///   - type: `ZMQ_ROUTER`, `ZMQ_PUSH` or `ZMQ_XPUB`.
  ///   - queue: messages that may wait for one client.
  init(type: Int32, queue: Int32) throws(BridgeError) {
    guard let context = zmq_ctx_new() else { throw .latest("cannot start ZeroMQ") }
    guard let socket = zmq_socket(context, type) else {
      let error = BridgeError.latest("cannot make a ZeroMQ socket")
      zmq_ctx_term(context)
      throw error
    }
    self.context = context
    self.socket = socket
    set(ZMQ_SNDHWM, queue)
    set(ZMQ_LINGER, 0)
    // An answer to a client that is gone is an error, not thrown away.
    if type == ZMQ_ROUTER { set(ZMQ_ROUTER_MANDATORY, 1) }
    // Every subscription is told of, not only the first of its kind.
    if type == ZMQ_XPUB { set(ZMQ_XPUB_VERBOSER, 1) }
  }

  deinit { close(lingering: 0) }

  private func set(_ option: Int32, _ value: Int32) {
    // None of these can fail on an open socket.
    _ = withUnsafePointer(to: value) { zmq_setsockopt(socket, option, $0, MemoryLayout<Int32>.size) }
  }

  /// - Returns: the endpoint as libzmq names it, with the port that it has chosen.
  func bind(_ endpoint: String) throws(BridgeError) -> String {
    guard zmq_bind(socket, endpoint) == 0 else { throw .latest("cannot serve at \(endpoint)") }
    var name = [CChar](repeating: 0, count: 1024)
    var length = name.count
    guard zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, &name, &length) == 0 else { return endpoint }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Waits until it can be read from or written to.
  func wait(toSend: Bool, milliseconds: Int) {
    var item = zmq_pollitem_t(
      socket: socket, fd: 0, events: Int16(toSend ? ZMQ_POLLOUT : ZMQ_POLLIN), revents: 0)
    // An interruption is as good as the end of the time.
    _ = zmq_poll(&item, 1, milliseconds)
  }

  /// The parts of a message that has come; nil where there is none.
  func receive() -> [[UInt8]]? {
    var parts: [[UInt8]] = []
    // At one address: a small message lies in the structure itself.
    let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
    defer { message.deallocate() }
    while true {
      zmq_msg_init(message)
      defer { zmq_msg_close(message) }
      // The parts of a message come all together or not at all.
      guard zmq_msg_recv(message, socket, parts.isEmpty ? ZMQ_DONTWAIT : 0) >= 0 else { return nil }
      parts.append(Array(UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message))))
      guard zmq_msg_more(message) != 0 else { return parts }
    }
  }

  enum Sent {
    case sent
    /// Whoever it is for has too much waiting already, or nobody is there.
    case full
    /// Whoever it is for is gone.
    case gone
  }

  /// Sends a message, if that can be done without waiting. It is sent as a whole or not at all.
  ///
  /// - Parameter envelope: the parts before it that say whom it is for.
  func send(_ envelope: [[UInt8]], _ parts: [BridgeMessage.Part]) throws(BridgeError) -> Sent {
    let all = envelope.map { BridgeMessage.Part.bytes($0) } + parts
    for (number, part) in all.enumerated() {
      let flags = ZMQ_DONTWAIT | (number + 1 < all.count ? ZMQ_SNDMORE : 0)
      if send(part, flags) { continue }
      guard number == 0 else { throw .latest("cannot send a train") }
      switch zmq_errno() {
      case EAGAIN, EINTR: return .full
      case EHOSTUNREACH: return .gone
      default: throw .latest("cannot send a train")
      }
    }
    return .sent
  }

  private func send(_ part: BridgeMessage.Part, _ flags: Int32) -> Bool {
    let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
    defer { message.deallocate() }
    switch part {
    case .bytes(let bytes):
      guard zmq_msg_init_size(message, bytes.count) == 0 else { return false }
      if let target = zmq_msg_data(message) {
        bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: target, count: $0.count).copyMemory(from: $0) }
      }
    case .value(let slab):
      // libzmq's threads let go of the memory when it has been sent to all.
      let owner = Unmanaged.passRetained(slab)
      let status = zmq_msg_init_data(
        message, slab.bytes.baseAddress, slab.bytes.count,
        { _, owner in if let owner { Unmanaged<Slab>.fromOpaque(owner).release() } }, owner.toOpaque())
      guard status == 0 else {
        owner.release()
        return false
      }
    }
    if zmq_msg_send(message, socket, flags) >= 0 { return true }
    let code = zmq_errno()
    zmq_msg_close(message)
    errno = code
    return false
  }

  /// Closes it and waits until what it holds has been sent.
  ///
  /// - Parameter lingering: for how many milliseconds at most; -1 for as long as it takes.
  func close(lingering milliseconds: Int32) {
    guard !isClosed else { return }
    isClosed = true
    set(ZMQ_LINGER, milliseconds)
    zmq_close(socket)
    while zmq_ctx_term(context) != 0, zmq_errno() == EINTR {}
  }
}
