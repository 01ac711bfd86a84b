internal import Glibc
internal import HDF5
internal import Synchronization

/// An open descriptor of one of the run's files, for reading beside libhdf5.
final class OpenFile: Sendable {
  let descriptor: Int32
  /// In bytes.
  let length: UInt64

  fileprivate init(descriptor: Int32, length: UInt64) {
    self.descriptor = descriptor
    self.length = length
  }

  deinit { close(descriptor) }
}

/// The descriptors that are open, the least recently used closed when there are too many; and how fast the store behind them is.
final class Descriptors: Sendable {
  private struct State {
    var files: [String: (file: OpenFile, lastUse: UInt64)] = [:]
    var clock: UInt64 = 0
  }
  private let state = Mutex(State())
  private let capacity: Int
  private let gate: FileGate
  let latency = ReadLatency()

  init(capacity: Int? = nil, gate: @escaping FileGate) {
    self.gate = gate
    self.capacity = max(1, capacity ?? min(512, FilePool.descriptorLimit() / 4))
  }

  /// Whether reads take so long that many should be under way at once.
  var isSlow: Bool { latency.isSlow }

  /// The file, opened if need be.
  /// - Throws: ``ArrayError`` where it cannot be opened, or is not the one that was described.
  func open(_ reference: FileReference, for object: String) throws(ArrayError) -> OpenFile {
    let known = state.withLock { state -> OpenFile? in
      state.clock += 1
      state.files[reference.path]?.lastUse = state.clock
      return state.files[reference.path]?.file
    }
    if let known { return known }
    if let reason = gate(reference.path) { throw .damaged(file: reference.path, object: object, reason: reason) }
    let descriptor = Glibc.open(reference.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(reference, object) }
    guard FileIdentity(path: reference.path) == reference.identity else {
      close(descriptor)
      throw .damaged(
        file: reference.path, object: object,
        reason: "the file changed since the run was opened; mount the run again to see it as it is")
    }
    let opened = OpenFile(descriptor: descriptor, length: UInt64(clamping: reference.identity.size))
    state.withLock { state in
      if state.files.count >= capacity, let oldest = state.files.min(by: { $0.value.lastUse < $1.value.lastUse }) {
        state.files[oldest.key] = nil
      }
      state.files[reference.path] = (opened, state.clock)
    }
    return opened
  }

  /// Fills `output` from `offset` of the file.
  /// - Throws: ``ArrayError`` where the system refuses, or the file ends before.
  func read(
    _ reference: FileReference, _ object: String, at offset: UInt64, into output: UnsafeMutableRawBufferPointer
  ) throws(ArrayError) {
    let file = try open(reference, for: object, at: offset, output.count)
    try latency.measure { () throws(ArrayError) in
      var done = 0
      while done < output.count {
        let count = pread(
          file.descriptor, output.baseAddress.map { $0 + done }, output.count - done, off_t(offset) + off_t(done))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw Self.failure(reference, object, isEarlyEnd: count == 0) }
        done += count
      }
    }
  }

  /// Part of a stretch of a file.
  enum Part {
    /// What is wanted goes here.
    case bytes(UnsafeMutableRawBufferPointer)
    /// So many bytes are passed over.
    case gap(Int)

    var count: Int {
      switch self {
      case .bytes(let output): output.count
      case .gap(let count): count
      }
    }
  }

  /// Fills several outputs from a stretch of the file that begins at `offset`, in one read of at most 1024 parts.
  /// - Throws: ``ArrayError`` where the system refuses, or the file ends before.
  func read(_ reference: FileReference, _ object: String, at offset: UInt64, into parts: [Part]) throws(ArrayError) {
    let total = parts.reduce(0) { $0 + $1.count }
    let file = try open(reference, for: object, at: offset, total)
    var count = 0
    if parts.count > 1 {
      // What is passed over all goes to the same place.
      let longestGap = parts.reduce(1) { if case .gap(let count) = $1 { max($0, count) } else { $0 } }
      withUnsafeTemporaryAllocation(byteCount: longestGap, alignment: 16) { waste in
        let vectors = parts.map { part in
          if case .bytes(let output) = part {
            iovec(iov_base: output.baseAddress, iov_len: output.count)
          } else {
            iovec(iov_base: waste.baseAddress, iov_len: part.count)
          }
        }
        latency.measure { count = preadv(file.descriptor, vectors, Int32(vectors.count), off_t(offset)) }
      }
    }
    guard count != total else { return }
    // One part only, or the system gave less than all: it will say why.
    var position = offset
    for part in parts {
      if case .bytes(let output) = part { try read(reference, object, at: position, into: output) }
      position += UInt64(part.count)
    }
  }

  /// The file, if it has `count` bytes at `offset`.
  private func open(
    _ reference: FileReference, for object: String, at offset: UInt64, _ count: Int
  ) throws(ArrayError) -> OpenFile {
    let file = try open(reference, for: object)
    let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
    guard !overflow, end <= file.length, end <= UInt64(Int64.max) else {
      throw .damaged(
        file: reference.path, object: object,
        reason: "its data should lie at \(offset), but the file ends at \(file.length)")
    }
    return file
  }

  private static func failure(
    _ reference: FileReference, _ object: String, isEarlyEnd: Bool = false
  ) -> ArrayError {
    let code = isEarlyEnd ? EIO : errno
    let reason = isEarlyEnd ? "the file has become shorter" : String(cString: strerror(code))
    return .system(file: reference.path, object: object, errno: code, reason: reason)
  }
}
