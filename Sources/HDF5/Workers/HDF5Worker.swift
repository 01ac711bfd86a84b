internal import CIsolation
internal import Glibc
internal import Wire

/// A process that reads HDF5 files for another one, and may die of them: libhdf5 1.10.8 was not made for damaged files.
///
/// It has no right to open anything. What libhdf5 wants to open it asks its client for, who sends an open descriptor or refuses; so
/// every file passes the client's checks, and a worker of root's daemon needs none of root's rights.
public enum HDF5Worker {
  /// Bytes of memory. The largest block that is read at a time takes 256 MiB; what needs more is an absurd count in a file.
  private static let mostMemory: rlim_t = 448 << 20
  /// Files that stay open: a few hundred kilobytes each.
  private static let mostFiles = 16
  /// The user and group that have no rights, `nobody` and `nogroup`.
  private static let nobody: UInt32 = 65534

  /// Serves the client at the other end of the standard input, until it is gone.
  /// - Returns: the status to exit with.
  public static func run() -> Int32 {
    cisolation_close_from(3)
    limit(RLIMIT_DATA, mostMemory)
    limit(RLIMIT_CORE, 0)
    guard dropRights() else { return 1 }
    let channel = WorkerChannel(socket: 0)
    HDF5Library.withLock { library in
      // After libhdf5 has been loaded and started: from here on no file can be opened by name. Filters from plugins, which are files,
      // then cannot be loaded; where the user has named a place for them they are trusted, unless they would run for root.
      if getenv("HDF5_PLUGIN_PATH") == nil || geteuid() == nobody { _ = cisolation_forbid_opening() }
      var server = FileServer(mostFiles: mostFiles)
      while let bytes = channel.receive() {
        var reader = WireReader(bytes)
        guard let request = try? FileServer.Request(from: &reader) else { return }
        let outcome = server.answer(request, { channel.open($0) }, library)
        guard channel.send(outcome) else { return }
      }
    }
    // Not through the exit handlers of libhdf5, which have been switched off, nor of anything else.
    _exit(0)
  }

  private static func limit(_ resource: __rlimit_resource, _ value: rlim_t) {
    var limit = rlimit(rlim_cur: value, rlim_max: value)
    setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
  }

  /// Gives root's rights up, for good.
  private static func dropRights() -> Bool {
    guard geteuid() == 0 else { return true }
    return cisolation_drop_root(nobody) == 0
  }
}

/// The worker's end of the socket.
private struct WorkerChannel: Sendable {
  let socket: Int32

  /// The next message; nil when the client is gone.
  func receive() -> [UInt8]? {
    guard let header = read(8) else { return nil }
    let length = header.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return read(Int(clamping: length))
  }

  func send(_ outcome: FileServer.Outcome) -> Bool {
    var writer = WireWriter()
    switch outcome {
    case .answered(let bytes):
      // Not through the writer: a block may have 256 MiB.
      return send(.answers, byteCount: bytes.count) && write(bytes)
    case .failed(let errno): writer.put(Int(errno))
    }
    return send(.failure, byteCount: writer.bytes.count) && write(writer.bytes)
  }

  /// Asks the client for a file.
  func open(_ path: String) -> Result<IdentifiedFile, FileDriver.Errno> {
    let bytes = Array(path.utf8)
    guard send(.open, byteCount: bytes.count), write(bytes) else { _exit(0) }
    var errno: UInt8 = 0
    var descriptor: Int32 = -1
    guard cisolation_receive_descriptor(socket, &errno, &descriptor) == 0 else { _exit(0) }
    guard errno == 0 else { return .failure(FileDriver.Errno(number: Int32(errno))) }
    guard let bytes = read(FileIdentity.byteCount) else { _exit(0) }
    var reader = WireReader(bytes)
    // The descriptor is lost where this process has too many.
    guard descriptor >= 0, let identity = try? FileIdentity(from: &reader) else {
      return .failure(FileDriver.Errno(number: EMFILE))
    }
    return .success(IdentifiedFile(descriptor: descriptor, identity: identity))
  }

  private func send(_ kind: WorkerMessage, byteCount: Int) -> Bool {
    write([kind.rawValue] + withUnsafeBytes(of: UInt64(byteCount).littleEndian) { Array($0) })
  }

  private func write(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let count = Glibc.send(socket, buffer.baseAddress.map { $0 + done }, buffer.count - done, Int32(MSG_NOSIGNAL))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
      }
      return true
    }
  }

  private func read(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes { Glibc.read(socket, $0.baseAddress.map { $0 + done }, count - done) }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return nil }
      done += got
    }
    return bytes
  }
}

/// What a worker says: a byte, the length of what follows in eight bytes, and that.
enum WorkerMessage: UInt8 {
  /// A path that is to be opened. The answer is one byte, 0 or an errno, and with 0 the descriptor.
  case open
  /// The answers to a request.
  case answers
  /// The errno of a system call.
  case failure
}
