internal import CHDF5
public import Wire

/// What a dataset is: its extents and the type of its elements.
public struct DatasetSummary: Hashable, Sendable, WireValue {
  /// The path that was asked for, or the path below the group that was.
  public var path: String
  /// Slowest first; empty for a single value.
  public var shape: [Int]
  public var datatype: Datatype
  /// Why it cannot be described, where it cannot: `shape` and `datatype` then say nothing.
  public var problem: String?

  init(path: String, shape: [Int], datatype: Datatype, problem: String? = nil) {
    self.path = path
    self.shape = shape
    self.datatype = datatype
    self.problem = problem
  }

  init(_ dataset: borrowing Dataset, path: String, _ library: borrowing HDF5Library) throws(HDF5Error) {
    let shape = try dataset.shape(library)
    self.init(path: path, shape: shape, datatype: try dataset.datatype(library))
  }

  public func write(to writer: inout WireWriter) {
    writer.put(path)
    writer.put(shape)
    writer.put(datatype)
    writer.put(problem ?? "")
    writer.put(problem != nil)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    path = try reader.text()
    shape = try reader.integers()
    datatype = try Datatype(from: &reader)
    let text = try reader.text()
    problem = try reader.flag() ? text : nil
    // 2^62 elements are more than any file has; sums and products of extents are checked where they are made.
    guard shape.allSatisfy({ $0 >= 0 && $0 <= 1 << 62 }) else { throw WireReader.Garbled() }
  }
}

/// What the dataset at a path is. The answer is nil where there is none.
public struct DatasetQuestion: AnswerableQuestion {
  public typealias Answer = DatasetSummary?
  public var path: String

  public init(_ path: String) { self.path = path }

  public func write(to writer: inout WireWriter) { writer.put(path) }
  public init(from reader: inout WireReader) throws(WireReader.Garbled) { path = try reader.text() }

  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> DatasetSummary? {
    guard file.kind(of: path, library) == .dataset else { return nil }
    return try DatasetSummary(try file.dataset(path, library), path: path, library)
  }
}

/// The datasets below a group, by ``DatasetSummary/path`` at each level. The answer is nil where there is no such group.
///
/// Like h5py's `visititems`: soft and external links are not followed, and an object that is linked twice is met once. One dataset that
/// cannot be described costs only itself.
public struct DatasetsQuestion: AnswerableQuestion {
  public typealias Answer = [DatasetSummary]?
  public var group: String

  public init(below group: String) { self.group = group }

  public func write(to writer: inout WireWriter) { writer.put(group) }
  public init(from reader: inout WireReader) throws(WireReader.Garbled) { group = try reader.text() }

  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> [DatasetSummary]? {
    guard file.kind(of: group, library) == .group else { return nil }
    var summaries: [DatasetSummary] = []
    for visited in try file.visitedDatasets(below: group, library) {
      do throws(HDF5Error) {
        // By path and not by address: behind an external link the address is one of another file.
        let dataset = try file.dataset("\(group)/\(visited.name)", library)
        summaries.append(try DatasetSummary(dataset, path: visited.name, library))
      } catch {
        summaries.append(
          DatasetSummary(
            path: visited.name, shape: [], datatype: .unsupported("what cannot be opened"), problem: error.reason))
      }
    }
    return summaries
  }
}
