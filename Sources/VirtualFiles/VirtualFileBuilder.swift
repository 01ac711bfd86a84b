internal import EXDF
public import HDF5

/// Why a virtual file cannot be made: one sentence.
public struct VirtualFileError: Error, Sendable, CustomStringConvertible {
  public var description: String
  /// What could not be read now: the next attempt may succeed.
  public var passing: PassingError?
  /// What is wrong with a file of the run.
  public var damage: HDF5Error?

  public init(_ description: String) { self.description = description }

  init(_ error: ReadError) {
    description = error.description
    switch error {
    case .passing(let error): passing = error
    case .damaged(let error): damage = error
    }
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

/// The plan of a file over a run, while it is being drawn up.
final class VirtualFileBuilder {
  private var plan: OutputPlan
  private let run: Run
  /// Extents of datasets that mappings point to.
  private var shapes: [VirtualDataset.Source: [Int]] = [:]

  init(_ name: String, for run: Run, version: OutputPlan.Version) {
    self.run = run
    plan = OutputPlan(name, version: version)
  }

  func makeGroup(_ path: String, _ attributes: [Attribute] = []) {
    plan.makeGroup(path)
    if !attributes.isEmpty { plan.annotate(path, attributes) }
  }

  func annotate(_ path: String, _ attributes: [Attribute]) { plan.annotate(path, attributes) }

  func write(_ column: Column, below group: String = "") { plan.write(column, below: group) }

  func write(_ dataset: VirtualDataset) { plan.write(dataset) }

  func link(_ path: String, to target: String) { plan.link(path, to: target) }

  func copy(_ object: String, from path: String) { plan.copy(object, from: path) }

  /// The file as it belongs on the disk.
  func bytes() throws(VirtualFileError) -> [UInt8] {
    try reading { () throws(ReadError) in try run.hdf5.make(plan, from: run.files.map(\.reference)) }
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
}
