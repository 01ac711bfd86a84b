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
    let file = try open(reference, for: object)
    let (end, overflow) = offset.addingReportingOverflow(UInt64(output.count))
    guard !overflow, end <= file.length else {
      throw .damaged(
        file: reference.path, object: object,
        reason: "its data should lie at \(offset), but the file ends at \(file.length)")
    }
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

  private static func failure(
    _ reference: FileReference, _ object: String, isEarlyEnd: Bool = false
  ) -> ArrayError {
    let code = isEarlyEnd ? EIO : errno
    let reason = isEarlyEnd ? "the file has become shorter" : String(cString: strerror(code))
    return .system(file: reference.path, object: object, errno: code, reason: reason)
  }
}
