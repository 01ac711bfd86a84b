internal import EXDF
public import HDF5
internal import HDF5Writing
internal import Synchronization

/// Why a virtual file cannot be made: one sentence.
public struct VirtualFileError: Error, Sendable, CustomStringConvertible {
  public var description: String
  /// What could not be read now: the next attempt may succeed.
  public var passing: PassingError?

  public init(_ description: String) { self.description = description }

  init(_ error: ReadError) {
    description = error.description
    if case .passing(let error) = error { passing = error }
  }
}

/// Has something read of the run; why it cannot be becomes the reason why there is no virtual file.
func reading<R>(_ body: () throws(ReadError) -> R) throws(VirtualFileError) -> R {
  do throws(ReadError) {
    return try body()
  } catch {
    throw VirtualFileError(error)
  }
}

/// A file under construction, beside readers: each call takes the library's lock for itself and gives it back.
final class VirtualFileBuilder {
  private var file: OutputFile?
  private let run: Run
  /// Extents of datasets that mappings point to.
  private var shapes: [VirtualDataset.Source: [Int]] = [:]
  /// The library tells files in memory apart by their paths, and two may be made at once.
  private static let count = Mutex(0)

  init(_ name: String, for run: Run, version: OutputFile.Version) throws(VirtualFileError) {
    self.run = run
    let number = Self.count.withLock { count in
      count += 1
      return count
    }
    try locked { () throws(HDF5WritingError) in
      file = try OutputFile("\(name).\(number)", in: "/xfelfs", version: version)
    }
  }

  deinit { close() }

  /// Closing enters the library too.
  private func close() { HDF5Library.withLock { _ in file = nil } }

  func makeGroup(_ path: String, _ attributes: [Attribute] = []) throws(VirtualFileError) {
    try edit { file throws(HDF5WritingError) in
      try file.makeGroup(path)
      if !attributes.isEmpty { try file.annotate(path, attributes) }
    }
  }

  func annotate(_ path: String, _ attributes: [Attribute]) throws(VirtualFileError) {
    try edit { file throws(HDF5WritingError) in try file.annotate(path, attributes) }
  }

  func write(_ column: Column, below group: String = "") throws(VirtualFileError) {
    try edit { file throws(HDF5WritingError) in try file.write(column, below: group) }
  }

  func write(_ dataset: VirtualDataset) throws(VirtualFileError) {
    try edit { file throws(HDF5WritingError) in try file.write(dataset) }
  }

  func link(_ path: String, to target: String) throws(VirtualFileError) {
    try edit { file throws(HDF5WritingError) in try file.link(path, to: target) }
  }

  func copy(_ object: String, from path: String) throws(VirtualFileError) {
    try edit { file throws(HDF5WritingError) in try file.copy(object, from: path) }
  }

  /// The file as it belongs on the disk.
  func bytes() throws(VirtualFileError) -> [UInt8] {
    var bytes: [UInt8] = []
    try edit { file throws(HDF5WritingError) in bytes = try file.bytes() }
    return bytes
  }

  /// A dataset of one of the run's files, with its extents.
  func source(file number: Int, _ object: String) throws(VirtualFileError) -> VirtualDataset.Source {
    let reference = run.files[number].reference
    var source = VirtualDataset.Source(file: reference.path, object: "/\(object)", shape: [])
    if let shape = shapes[source] {
      source.shape = shape
      return source
    }
    let summary = try reading { () throws(ReadError) in
      try run.hdf5.answer(reference, DatasetQuestion(object))
    }
    guard let summary else { throw VirtualFileError("\(reference.path) has no dataset \(object)") }
    shapes[source] = summary.shape
    source.shape = summary.shape
    return source
  }

  private func edit(
    _ body: (borrowing OutputFile) throws(HDF5WritingError) -> Void
  ) throws(VirtualFileError) {
    try locked { () throws(HDF5WritingError) in
      switch file {
      case .some(let file): try body(file)
      case .none: break
      }
    }
  }

  private func locked(_ body: () throws(HDF5WritingError) -> Void) throws(VirtualFileError) {
    do throws(HDF5WritingError) {
      try HDF5Library.withLock { (_) throws(HDF5WritingError) in try body() }
    } catch {
      throw VirtualFileError("cannot write \(error.object) in \(error.file): \(error.reason)")
    }
  }
}
