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
  private let opener: FileOpener
  let latency = ReadLatency()

  init(capacity: Int? = nil, _ opener: FileOpener) {
    self.opener = opener
    self.capacity = max(1, capacity ?? min(512, FileOpener.descriptorLimit() / 4))
  }

  /// Whether reads take so long that many should be under way at once.
  var isSlow: Bool { latency.isSlow }

  /// The file, opened if need be.
  /// - Throws: ``ReadError`` where it cannot be opened, or is not the one that was described.
  func open(_ reference: FileReference, for object: String) throws(ReadError) -> OpenFile {
    let known = state.withLock { state -> OpenFile? in
      state.clock += 1
      state.files[reference.path]?.lastUse = state.clock
      return state.files[reference.path]?.file
    }
    do throws(PassingError) {
      if let known {
        // It was opened for another reader, perhaps.
        try opener.check(reference)
        return known
      }
      return try openAnew(reference)
    } catch {
      var error = error
      error.object = object
      throw .passing(error)
    }
  }

  private func openAnew(_ reference: FileReference) throws(PassingError) -> OpenFile {
    let descriptor = try opener.open(reference).descriptor
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
  /// - Throws: ``ReadError`` where the system refuses, the file ends before, or it has been changed.
  func read(
    _ reference: FileReference, _ object: String, at offset: UInt64, into output: UnsafeMutableRawBufferPointer
  ) throws(ReadError) {
    let file = try open(reference, for: object, at: offset, output.count)
    try fill(output, from: offset, of: file, reference, object)
    try confirm(file, reference, object)
  }

  /// What has been read of a file that has been changed since is a mixture of old and new.
  private func confirm(_ file: OpenFile, _ reference: FileReference, _ object: String) throws(ReadError) {
    guard FileIdentity(descriptor: file.descriptor) != reference.identity else { return }
    forget(file, reference)
    throw .passing(.changed(reference.path, object: object))
  }

  /// Closes a file, so that the next reader is told what the file is by then.
  private func forget(_ file: OpenFile, _ reference: FileReference) {
    state.withLock { if $0.files[reference.path]?.file === file { $0.files[reference.path] = nil } }
  }

  private func fill(
    _ output: UnsafeMutableRawBufferPointer, from offset: UInt64, of file: OpenFile, _ reference: FileReference,
    _ object: String
  ) throws(ReadError) {
    try latency.measure { () throws(ReadError) in
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
  /// - Throws: ``ReadError`` where the system refuses, or the file ends before.
  func read(_ reference: FileReference, _ object: String, at offset: UInt64, into parts: [Part]) throws(ReadError) {
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
    guard count != total else { return try confirm(file, reference, object) }
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
  ) throws(ReadError) -> OpenFile {
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
  ) -> ReadError {
    isEarlyEnd
      ? .passing(.changed(reference.path, object: object))
      : .system(file: reference.path, object: object, errno: errno)
  }
}
