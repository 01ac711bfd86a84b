internal import ArrayIO
internal import EXDF
internal import Glibc
internal import HDF5
internal import Logging
internal import Tree

/// What `ls`, `cat` and `cp` share: paths of a tree that is not mounted.
enum TreePath {
  static func tree(_ source: String, _ options: RunOptions) throws(Failure) -> MountedTree {
    try opening { () throws(EXDFError) in try OpenRun.tree(source, options.request, Logger.program()) }
  }

  static func run(_ source: String, _ options: RunOptions) throws(Failure) -> RunTree {
    try opening { () throws(EXDFError) in try OpenRun.run(source, options.request, Logger.program()) }
  }

  private static func opening<Tree>(_ open: () throws(EXDFError) -> Tree) throws(Failure) -> Tree {
    do throws(EXDFError) {
      return try open()
    } catch {
      throw Failure(error.description)
    }
  }

  static func node(_ path: String, in tree: MountedTree) throws(Failure) -> Node {
    do throws(TreeError) {
      return try tree.node(atPath: path)
    } catch {
      throw failure(path, error)
    }
  }

  static func attributes(of node: Node) throws(Failure) -> TreeAttributes {
    do throws(TreeError) {
      return try node.attributes()
    } catch {
      throw failure("", error)
    }
  }

  static func target(of node: Node) throws(Failure) -> String {
    do throws(TreeError) {
      return try node.target()
    } catch {
      throw failure("", error)
    }
  }

  /// Gives `body` every entry of a directory.
  static func entries(of node: Node, _ body: (Child) throws -> Void) throws {
    var result: Result<Void, any Error> = .success(())
    try node.entries(from: 0) { entry, _ in
      do {
        try body(entry)
        return true
      } catch {
        result = .failure(error)
        return false
      }
    }
    try result.get()
  }

  /// The bytes of a file; of a link to one of the run's own files, that file's.
  static func open(_ node: Node, _ path: String) throws(Failure) -> any ByteSource {
    do throws(TreeError) {
      if node.isFileLink { return try FileSource(path: try node.target()) }
      return try node.open()
    } catch {
      throw failure(path, error)
    }
  }

  private static func failure(_ path: String, _ error: TreeError) -> Failure {
    Failure(path.isEmpty ? error.description : "\(path): \(error)")
  }
}

/// A plain file, as bytes.
final class FileSource: ByteSource {
  let size: Int
  private let path: String
  private let descriptor: Int32

  init(path: String) throws(TreeError) {
    var status = stat()
    descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      throw .notFound(reason: String(cString: strerror(errno)))
    }
    self.path = path
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  func read(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) -> Int {
    let count = pread(descriptor, output.baseAddress, output.count, off_t(offset))
    guard count >= 0 else {
      throw .system(file: path, errno: errno)
    }
    return count
  }
}

/// Writing to descriptors, whole.
enum Output {
  private static let pieceSize = 1 << 20

  /// Copies a source to a descriptor, the standard output unless told otherwise; what comes next is read ahead, on all cores.
  static func write(_ source: any ByteSource, to descriptor: Int32 = 1, _ name: String) throws(Failure) {
    let reader = SequentialReader(source)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(pieceSize, max(1, source.size)), alignment: 4096)
    defer { buffer.deallocate() }
    var offset = 0
    while offset < source.size {
      let sink: PieceSink
      do throws(ReadError) {
        sink = try reader.read(at: offset, min(buffer.count, source.size - offset), buffer: buffer)
      } catch {
        throw Failure("\(name): \(error)")
      }
      let count = sink.pieces.reduce(0) { $0 + $1.count }
      guard count > 0 else { throw Failure("\(name): it ended early") }
      for piece in sink.pieces { try put(piece, to: descriptor, name) }
      // The pieces belong to it.
      withExtendedLifetime(sink) {}
      offset += count
    }
  }

  /// Writes text at once, past the buffers of `print`: what comes before a long wait has to be seen. A reader that is gone is
  /// no reason to fail.
  static func put(_ text: String, to descriptor: Int32 = 1) {
    Array(text.utf8).withUnsafeBytes { bytes in try? put(bytes, to: descriptor, "output") }
  }

  private static func put(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ name: String) throws(Failure) {
    var done = 0
    while done < bytes.count {
      let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Failure("\(name): cannot write: \(String(cString: strerror(errno)))") }
      done += count
    }
  }
}
