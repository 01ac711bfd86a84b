import Glibc
import RawHDF5
import Synchronization
import TestRuns
import Testing
import Threads

@testable import HDF5

@Suite struct HDF5FilesTests {
  private func reference(_ path: String) throws -> FileReference {
    FileReference(path: path, identity: try #require(FileIdentity(path: path)))
  }

  private static let byte = ElementLayout.numpy(.integer(size: 1, signed: false, order: .little, isWhole: true))

  /// The one byte of `d`.
  private func value(_ reference: FileReference, _ files: HDF5Files) throws(ReadError) -> UInt8 {
    try files.answer(reference, BlockQuestion("d", start: [0], count: [1], Self.byte)).bytes[0]
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

  @Test func noMoreFilesAreOpenThanAllowed() throws {
    let directory = try TemporaryDirectory()
    let paths = (0..<40).map { "\(directory.path)/\($0).h5" }
    for (number, path) in paths.enumerated() {
      try RawFile(at: path).dataset("d", .uint8, shape: [1], .bytes([UInt8(number)]))
    }
    let references = try paths.map(reference)
    let files = HDF5Files(inThisProcess: FileOpener())
    var random = SeededGenerator(seed: 9)
    for _ in 0..<200 {
      let number = random.below(references.count)
      #expect(try value(references[number], files) == UInt8(number))
      #expect(descriptors(into: directory.path) <= 16)
    }
  }

  @Test func aChangedFileIsNotRead() throws {
    let made = try WrittenFile { try $0.dataset("d", .uint8, shape: [1], .bytes([1])) }
    let files = HDF5Files(inThisProcess: FileOpener())
    var old = try reference(made.path)
    old.identity.size += 1
    let error = try #require(throws: ReadError.self) { try value(old, files) }
    guard case .passing(let passing) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(passing.cause == .changed && passing.file == made.path && passing.errno == EIO)
    #expect(descriptors(into: made.path) == 0)
    old.identity.size -= 1
    #expect(try value(old, files) == 1)
    old.identity.modificationNanoseconds ^= 1
    #expect(throws: ReadError.self) { try value(old, files) }
  }

  @Test func aVanishedFileMayComeBack() throws {
    let made = try WrittenFile { try $0.dataset("d", .uint8, shape: [1], .bytes([1])) }
    let known = try reference(made.path)
    let files = HDF5Files(inThisProcess: FileOpener())
    let away = "\(made.path).away"
    #expect(rename(made.path, away) == 0)
    let error = try #require(throws: ReadError.self) { try value(known, files) }
    #expect(error.errno == EIO && error.description.contains("No such file"))
    #expect(rename(away, made.path) == 0)
    #expect(try value(known, files) == 1)
  }

  @Test func whatIsWrongWithTheFileIsAnAnswer() throws {
    let made = try WrittenFile { try $0.group("g") }
    let known = try reference(made.path)
    let files = HDF5Files(inThisProcess: FileOpener())
    guard case .failure(let error) = try files.ask(known, BlockQuestion("d", start: [0], count: [1], Self.byte)) else {
      Issue.record("there is no d")
      return
    }
    #expect(error.file == made.path && error.object == "d")
    #expect(try files.answer(known, DatasetQuestion("d")) == nil)
    #expect(try files.answer(known, LinksQuestion(in: "/"))?.map(\.name) == ["g"])
  }

  /// A file on tape: refused as long as it is there, and read when it has come.
  @Test func theGateIsAskedEachTime() throws {
    let made = try WrittenFile { try $0.dataset("d", .uint8, shape: [1], .bytes([1])) }
    let isOnTape = Atomic(true)
    let files = HDF5Files(
      inThisProcess: FileOpener(gate: { _ in isOnTape.load(ordering: .relaxed) ? "it is on tape" : nil }))
    let known = try reference(made.path)
    let error = try #require(throws: ReadError.self) { try value(known, files) }
    #expect(error.description.hasSuffix("it is on tape"))
    isOnTape.store(false, ordering: .relaxed)
    #expect(try value(known, files) == 1)
    isOnTape.store(true, ordering: .relaxed)
    #expect(throws: ReadError.self) { try value(known, files) }
  }

  @Test func aThreadThatMustNotWaitIsTold() throws {
    let made = try WrittenFile { try $0.dataset("d", .uint8, shape: [1], .bytes([1])) }
    let known = try reference(made.path)
    let files = HDF5Files(inThisProcess: FileOpener())
    let error = try #require(throws: ReadError.self) {
      try Request.$current.withValue(Request(mayWait: false)) { try value(known, files) }
    }
    #expect(error.isMustWait)
    #expect(try value(known, files) == 1)
  }

  /// A link leads to a file whose owner keeps it: the caller's rights count, each time.
  @Test func linkedFilesNeedTheCallersRights() throws {
    let outside = try WrittenFile { try $0.dataset("far", .uint8, shape: [1], .bytes([9])) }
    let made = try WrittenFile { file in
      try file.dataset("d", .uint8, shape: [1], .bytes([1]))
      try file.externalLink("linked", to: "/far", in: outside.path)
    }
    let asked = Mutex<Set<String>>([])
    let path = outside.path
    let isAllowed = Atomic(false)
    let files = HDF5Files(
      inThisProcess: FileOpener(
        rights: { reference in
          asked.withLock { _ = $0.insert(reference.path) }
          return reference.path != path || isAllowed.load(ordering: .relaxed) ? nil : "its owner keeps it"
        }))
    let known = try reference(made.path)
    let question = BlockQuestion("linked", start: [0], count: [1], Self.byte)
    let error = try #require(throws: ReadError.self) { try files.answer(known, question) }
    #expect(error.errno == EACCES)
    #expect(asked.withLock { $0 } == [made.path, outside.path])
    isAllowed.store(true, ordering: .relaxed)
    #expect(try files.answer(known, question).bytes == [9])
    #expect(try value(known, files) == 1)
  }

  @Test func dataInOtherFilesAreRefused() throws {
    let directory = try TemporaryDirectory()
    let secret = try directory.write("secret", Array(repeating: 7, count: 16))
    let path = "\(directory.path)/made.h5"
    do { try RawFile(at: path).dataset("d", .uint8, shape: [16], .none, layout: .external(secret)) }
    let files = HDF5Files(inThisProcess: FileOpener())
    let error = try #require(throws: ReadError.self) {
      try files.answer(try reference(path), BlockQuestion("d", start: [0], count: [16], Self.byte))
    }
    #expect(error.description.contains("raw files"))
  }
}
