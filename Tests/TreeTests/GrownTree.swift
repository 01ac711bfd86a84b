import ArrayIO
import EXDF
import Glibc
import HDF5
import RunArrays
import TestRuns
import Testing
import Validation

@testable import Tree

/// The tree of a made run.
struct GrownTree {
  let directory: TemporaryDirectory
  let tree: RunTree
  let mounted: MountedTree
  let reports: ReportList

  /// - Parameter isAged: whether each file is made ten seconds older than the one before it.
  init(_ files: [MadeFile] = SmallRun.files(), isAged: Bool = false) throws {
    let directory = try TemporaryDirectory()
    for (number, file) in files.enumerated() {
      try file.write(into: directory)
      guard isAged else { continue }
      let time = timespec(tv_sec: 1_700_000_000 - 10 * number, tv_nsec: 5)
      try #require(utimensat(AT_FDCWD, "\(directory.path)/\(file.name)", [time, time], 0) == 0)
    }
    let reports = ReportList()
    let hdf5 = HDF5Files(inThisProcess: FileOpener())
    let run = try Run(path: directory.path, hdf5: hdf5) { reports.append($0) }
    let arrays = RunArrays(run: run, store: DatasetStore(files: hdf5, cacheSize: 1 << 20))
    // Validation reads files in processes of the program itself, which this is not: each of them dies at once.
    tree = RunTree(arrays, validator: RunValidator(executable: "/bin/false")) { reports.append($0) }
    mounted = MountedTree(tree)
    self.directory = directory
    self.reports = reports
  }

  /// Every name of a directory, with the cookie behind it.
  func entries(_ node: Node? = nil, from cookie: Int = 0, most: Int = .max) throws(TreeError) -> [(
    entry: Child, next: Int
  )] {
    var list: [(Child, Int)] = []
    try (node ?? mounted.root).entries(from: cookie) { entry, next in
      list.append((entry, next))
      return list.count < most
    }
    return list
  }

  func contents(_ node: Node) throws -> [UInt8] {
    let source = try node.open()
    var bytes = [UInt8](repeating: 0xEE, count: source.size + 16)
    let result = bytes.withUnsafeMutableBytes { buffer -> Result<Int, ReadError> in
      do throws(ReadError) {
        return .success(try source.read(at: 0, into: buffer))
      } catch {
        return .failure(error)
      }
    }
    return Array(bytes[..<(try result.get())])
  }

  func node(_ path: String) throws(TreeError) -> Node { try mounted.node(atPath: path) }

  func contents(_ path: String) throws -> [UInt8] { try contents(try node(path)) }

  func text(_ path: String) throws -> String { String(decoding: try contents(path), as: UTF8.self) }

  /// Every node below a directory, links not followed, with its path.
  func walk(_ node: Node? = nil, _ path: String = "", _ visit: (String, Node, EntryKind) throws -> Void) throws {
    for (entry, _) in try entries(node) {
      let place = path.isEmpty ? entry.name : "\(path)/\(entry.name)"
      try visit(place, entry.node, entry.kind)
      if entry.kind == .directory { try walk(entry.node, place, visit) }
    }
  }
}
