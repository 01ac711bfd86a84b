import Glibc
import Testing

@testable import Validation

/// What a validation does when its readers fail it: the programs here are not xfelfs.
struct ReaderTests {
  private func validate(_ names: [String], executable: String) throws -> ValidationReport {
    let directory = try temporaryDirectory()
    defer { remove(directory, names) }
    for name in names {
      let stream = fopen("\(directory)/\(name)", "w")
      fputs("whatever", stream)
      fclose(stream)
    }
    return RunValidator(executable: executable).validate(directory)
  }

  private func temporaryDirectory() throws -> String {
    var template = Array("/tmp/validation-XXXXXX".utf8CString)
    let path = mkdtemp(&template)
    return String(cString: try #require(path))
  }

  private func remove(_ directory: String, _ names: [String]) {
    for name in names { unlink("\(directory)/\(name)") }
    rmdir(directory)
  }

  /// Every file has its turn and its own problem, each time with a new process.
  @Test(arguments: [
    ("/bin/false", "the process that read it crashed (exit status 1)"),
    ("/nonexistent", "cannot start a reader: No such file or directory"),
  ])
  func readersThatFail(executable: String, reason: String) throws {
    let report = try validate(["a.h5", "b.h5", "c.h5"], executable: executable)
    let dead = report.problems.filter { $0.attributes["check"] == "reader" }
    #expect(dead.count == 3)
    #expect(Set(dead.compactMap { $0.attributes["error"] }) == [reason])
    #expect(report.problems.contains { $0.message == "No usable files found" })
    #expect(report.exitStatus == 1)
  }

  /// No descriptors and no zombies are left of processes that failed.
  @Test func nothingIsLeft() throws {
    func descriptors() -> Int {
      var count = 0
      for number in Int32(0)..<1024 where fcntl(number, F_GETFD) >= 0 { count += 1 }
      return count
    }
    _ = try validate(["a.h5"], executable: "/bin/false")
    let before = descriptors()
    for _ in 0..<20 { _ = try validate(["a.h5", "b.h5"], executable: "/bin/false") }
    // Other tests of this process open and close meanwhile; a leak would be 80.
    #expect(descriptors() < before + 20)
  }

  @Test func findingsSurviveTheWire() throws {
    let findings = FileFindings(
      problems: [Problem("Gaps", ["file": "/a b", "dataset": "INDEX/ä"]), Problem("", [:])],
      contents: FileContentsSummary(
        trainIDs: [1, .max], controlSources: ["A"], instrumentSources: [], trainsWithData: ["A": 3]))
    #expect(try FileFindings(wire: findings.wire) == findings)
    let empty = FileFindings(problems: [], contents: nil)
    #expect(try FileFindings(wire: empty.wire) == empty)
  }

  /// A reader that has been overwritten may send anything.
  @Test func garbledMessagesAreRefused() throws {
    let wire = FileFindings(
      problems: [Problem("Gaps", ["file": "/a"])],
      contents: FileContentsSummary(trainIDs: [1], controlSources: ["A"], instrumentSources: [], trainsWithData: [:])
    ).wire
    for length in wire.indices {
      #expect(throws: WireReader.Garbled.self) { try FileFindings(wire: Array(wire[..<length])) }
    }
    for position in wire.indices {
      for value in [0xFF, 0x80, wire[position] ^ 1] as [UInt8] {
        var bytes = wire
        bytes[position] = value
        // Whatever comes of it, it comes back.
        _ = try? FileFindings(wire: bytes)
      }
    }
  }

  @Test func pythonText() {
    #expect(PythonText.quoted("a'b") == "\"a'b\"")
    #expect(PythonText.quoted("a'\"b") == "'a\\'\"b'")
    #expect(PythonText.quoted("\n\u{1}\\") == "'\\n\\x01\\\\'")
    #expect(AbsolutePath.of("/a/./b/../c//d/") == "/a/c/d")
  }
}
