import Glibc
import HDF5
import RawHDF5
import TestRuns
import Testing

@Suite struct FilePoolTests {
  private func reference(_ path: String) throws -> FileReference {
    FileReference(path: path, identity: try #require(FileIdentity(path: path)))
  }

  /// The one byte of `d`.
  private func value(_ reference: FileReference, _ pool: FilePool) throws(HDF5Error) -> UInt8 {
    try HDF5Library.withLock { (library) throws(HDF5Error) in
      try pool.withFile(reference, library) { (file, library) throws(HDF5Error) in
        let dataset = try file.dataset("d", library)
        var bytes: [UInt8] = [0]
        try dataset.read(
          start: [0], count: [1], as: .numpy(try dataset.datatype(library), library), into: &bytes, library)
        return bytes[0]
      }
    }
  }

  /// How many descriptors of this process lead into a directory.
  private func descriptors(into directory: String) -> Int {
    (0..<1024).count { number in
      var target = [CChar](repeating: 0, count: 512)
      let length = readlink("/proc/self/fd/\(number)", &target, 511)
      return length > 0
        && String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self).hasPrefix(directory)
    }
  }

  @Test(arguments: [0, 1, 3])
  func noMoreFilesAreOpenThanAllowed(_ capacity: Int) throws {
    let directory = try TemporaryDirectory()
    let paths = (0..<6).map { "\(directory.path)/\($0).h5" }
    for (number, path) in paths.enumerated() {
      try RawFile(at: path).dataset("d", .uint8, shape: [1], .bytes([UInt8(number)]))
    }
    let references = try paths.map(reference)
    let pool = FilePool(capacity: capacity)
    var random = SeededGenerator(seed: 9)
    for _ in 0..<100 {
      let number = random.below(6)
      #expect(try value(references[number], pool) == UInt8(number))
      #expect(descriptors(into: directory.path) <= max(1, capacity))
    }
    #expect(descriptors(into: directory.path) == max(1, capacity))
    HDF5Library.withLock { pool.closeAll($0) }
    #expect(descriptors(into: directory.path) == 0)
    #expect(try value(references[2], pool) == 2)
  }

  @Test func theLeastRecentlyUsedGoes() throws {
    let directory = try TemporaryDirectory()
    let paths = ["a", "b", "c"].map { "\(directory.path)/\($0).h5" }
    for path in paths { try RawFile(at: path).dataset("d", .uint8, shape: [1], .bytes([1])) }
    let references = try paths.map(reference)
    let pool = FilePool(capacity: 2)
    for number in [0, 1, 0, 2] { _ = try value(references[number], pool) }
    #expect(descriptors(into: paths[0]) == 1 && descriptors(into: paths[2]) == 1)
    #expect(descriptors(into: paths[1]) == 0)
  }

  @Test func aChangedFileIsNotRead() throws {
    let made = try WrittenFile { try $0.dataset("d", .uint8, shape: [1], .bytes([1])) }
    var old = try reference(made.path)
    let pool = FilePool(capacity: 4)
    old.identity.size += 1
    let error = try #require(throws: HDF5Error.self) { try value(old, pool) }
    #expect(error.file == made.path && error.reason.contains("changed"))
    #expect(descriptors(into: made.path) == 0)
    old.identity.size -= 1
    old.identity.modificationNanoseconds ^= 1
    #expect(throws: HDF5Error.self) { try value(old, pool) }
    old.identity.modificationNanoseconds ^= 1
    #expect(try value(old, pool) == 1)
  }

  @Test func aVanishedFileIsAnError() throws {
    let made = try WrittenFile { try $0.dataset("d", .uint8, shape: [1], .bytes([1])) }
    let known = try reference(made.path)
    unlink(made.path)
    #expect(FileIdentity(path: made.path) == nil)
    let error = try #require(throws: HDF5Error.self) { try value(known, FilePool(capacity: 1)) }
    #expect(error.reason == "No such file or directory")
  }

  @Test func errorsOfTheBodyComeOut() throws {
    let made = try WrittenFile { try $0.group("g") }
    let known = try reference(made.path)
    let pool = FilePool(capacity: 1)
    #expect(throws: HDF5Error.self) { try value(known, pool) }
    #expect(descriptors(into: made.path) == 1)
  }
}
