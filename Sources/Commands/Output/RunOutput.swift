internal import Glibc
internal import Synchronization
internal import Threads
internal import VirtualFiles

/// The files that a run is written to.
enum RunOutput {
  /// A place for a whole HDF5 file.
  static func file(_ path: String, _ runs: RunGuard, _ replaces: Bool) throws(Failure) -> AtomicFile {
    let file = try AtomicFile(path, outside: runs, replacing: replaces)
    switch file.place.occupant {
    case .stream, .descriptor:
      throw Failure("cannot write \(path): an HDF5 file cannot be written to a pipe or a device")
    default: return file
    }
  }

  /// The trains of a run on one file, or on several of so many trains each.
  static func pieces(_ path: String, trains: Int, each count: Int?) -> [(path: String, trains: Range<Int>)] {
    guard let count, trains > 0 else { return [(path, 0..<trains)] }
    let base = path.hasSuffix(".h5") ? String(path.dropLast(3)) : path
    return stride(from: 0, to: trains, by: count).enumerated().map { number, first in
      let digits = String(number)
      let name = "\(base)-S\(String(repeating: "0", count: max(0, 5 - digits.count)) + digits).h5"
      return (name, first..<min(trains, first + min(count, trains - first)))
    }
  }

  /// Writes all of them, and then gives them their names.
  static func write(_ copy: RunCopy, _ files: [(file: AtomicFile, trains: Range<Int>)]) throws(Failure) {
    var drafts: [(draft: Drafts.Draft, place: OutputPlace)] = []
    defer { for draft in drafts { Drafts.shared.discard(draft.draft) } }
    let progress = WriteProgress()
    defer { progress.end() }
    for (number, piece) in files.enumerated() {
      let place = piece.file.place
      let draft = try piece.file.draft(modified: nil, isSynchronized: true) { (descriptor) throws(Failure) in
        progress.follow(descriptor)
        defer { progress.leave() }
        do throws(VirtualFileError) {
          try copy.write(place.path, trains: piece.trains, sequence: number, to: descriptor)
        } catch {
          throw Failure(error.description)
        }
      }
      drafts.append((draft, place))
    }
    for draft in drafts {
      try draft.place.publish(draft.draft)
      draft.place.directory.synchronize()
    }
  }
}

/// Says on a terminal how much has been written.
final class WriteProgress: Sendable {
  private struct State {
    var descriptor: Int32 = -1
    var finished: Int64 = 0
    var isOver = false
  }
  private let state = Mutex(State())
  private let isTerminal = isatty(2) == 1

  init() {
    guard isTerminal else { return }
    Thread.start { [self] in
      var last: Int64 = 0
      while true {
        usleep(500_000)
        let written = state.withLock { $0.isOver ? nil : $0.finished + Self.size($0.descriptor) }
        guard let written else { return }
        say("\(written / 1_000_000) MB written, \(max(0, written - last) * 2 / 1_000_000) MB/s")
        last = written
      }
    }
  }

  func follow(_ descriptor: Int32) { state.withLock { $0.descriptor = descriptor } }

  /// To be called before the descriptor is closed.
  func leave() {
    state.withLock {
      $0.finished += Self.size($0.descriptor)
      $0.descriptor = -1
    }
  }

  func end() {
    state.withLock { $0.isOver = true }
    if isTerminal { say("") }
  }

  private static func size(_ descriptor: Int32) -> Int64 {
    var status = stat()
    return descriptor >= 0 && fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// In place of what was said before.
  private func say(_ text: String) {
    let bytes = Array("\r\u{1B}[K\(text)".utf8)
    _ = write(2, bytes, bytes.count)
  }
}
