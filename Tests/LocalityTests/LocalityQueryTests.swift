import Glibc
import Testing

@testable import Locality

/// Plain files with the magic names, and pipes for queries that nobody answers.
struct LocalityQueryTests {
  private final class Directory {
    let path: String
    private var names: [String] = []

    init() throws {
      var template = Array("/tmp/locality-XXXXXX".utf8CString)
      let made = mkdtemp(&template)
      path = String(cString: try #require(made))
    }

    func write(_ name: String, _ text: String) {
      let stream = fopen("\(path)/\(name)", "w")
      fputs(text, stream)
      fclose(stream)
      names.append(name)
    }

    func answer(_ name: String, _ text: String) { write(".(get)(\(name))(locality)", text) }

    func silence(_ name: String) {
      mkfifo("\(path)/.(get)(\(name))(locality)", 0o600)
      names.append(".(get)(\(name))(locality)")
    }

    deinit {
      for name in names {
        // Lets go whoever hangs in it.
        close(open("\(path)/\(name)", O_RDWR | O_NONBLOCK))
        unlink("\(path)/\(name)")
      }
      rmdir(path)
    }
  }

  @Test func answersInOrder() throws {
    let directory = try Directory()
    directory.answer("a", "NEARLINE\n")
    directory.answer("c", "  ONLINE_AND_NEARLINE  ")
    directory.answer("d", "LOST")
    directory.answer("e", "")
    let paths = ["a", "b", "c", "d", "e"].map { "\(directory.path)/\($0)" }
    #expect(
      LocalityQuery().locate(paths) == [.nearline, .notOnDCache, .onlineAndNearline, .unknown("LOST"), .unknown("")])
    #expect(LocalityQuery().locate([]) == [])
  }

  @Test func silenceIsBounded() throws {
    let directory = try Directory()
    var paths: [String] = []
    for number in 0..<20 {
      directory.silence("s\(number)")
      directory.answer("a\(number)", "ONLINE")
      paths += ["\(directory.path)/s\(number)", "\(directory.path)/a\(number)"]
    }
    var begin = timespec()
    clock_gettime(CLOCK_MONOTONIC, &begin)
    let answers = LocalityQuery(milliseconds: 200).locate(paths)
    var end = timespec()
    clock_gettime(CLOCK_MONOTONIC, &end)
    #expect(end.tv_sec - begin.tv_sec < 5)
    #expect(answers == (0..<20).flatMap { _ in [FileLocality.noAnswer, .online] })
    // Where one thread hangs no other is sent after it.
    #expect(LocalityQuery(milliseconds: 60_000).locate(paths[0]) == .noAnswer)
  }

  @Test func guardKeepsFilesClosed() throws {
    let directory = try Directory()
    directory.answer("tape", "NEARLINE")
    directory.answer("disk", "ONLINE")
    let paths = ["tape", "disk", "plain"].map { "\(directory.path)/\($0)" }
    let guarded = LocalityGuard(LocalityQuery())
    // Unknown: not asked under a lock.
    #expect(guarded.obstacle(to: paths[0]) == nil)
    #expect(guarded.prefetch(paths) == [.nearline, .online, .notOnDCache])
    #expect(paths.map { guarded.obstacle(to: $0) } == ["it is only on tape (dCache: NEARLINE)", nil, nil])
  }

  @Test func filters() {
    let all: [FileLocality] = [
      .online, .onlineAndNearline, .notOnDCache, .nearline, .unavailable, .unknown("X"), .noAnswer,
    ]
    func reasons(_ filter: LocalityFilter) -> [String?] { all.map { filter.reasonToSkip($0) } }
    #expect(reasons(.any) == [nil, nil, nil, nil, nil, nil, nil])
    #expect(reasons(.available) == [nil, nil, nil, nil, "Unavailable", "Unknown locality", "No answer"])
    #expect(reasons(.onDisk) == [nil, nil, nil, "Only on tape", "Unavailable", "Unknown locality", "No answer"])
  }
}
