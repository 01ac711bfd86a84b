internal import Glibc
internal import Threads

/// Opens the files of a run ahead of libhdf5, which opens them one after the other.
///
/// On a cold GPFS it is the open and the first block that take long (4 minutes for 400 files, EXDF.md 8), and many of them can be
/// under way at a time. Where the files are in the page cache this costs 10 µs each, on another core.
enum FileWarmer {
  /// Below this there is nothing to gain.
  private static let fewestFiles = 8
  private static let threads = 16
  /// Superblock, root group and, as the DAQ writes them, most of METADATA and INDEX.
  private static let firstBytes = 64 << 10

  static func warm(_ paths: [String]) {
    guard paths.count >= fewestFiles else { return }
    let pool = WorkerPool(threads: threads, waiting: paths.count, isTemporary: true)
    for path in paths { pool.submit { touch(path) } }
  }

  private static func touch(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: firstBytes)
    _ = pread(descriptor, &bytes, bytes.count, 0)
  }
}
