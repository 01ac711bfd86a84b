import CFuse
import FUSE
import Glibc
import Synchronization
import Testing

@Suite struct NamespaceTests {
  static let paths: [(path: String, content: TestFileSystem.Content)] = [
    ("a", .directory([])), ("a/b", .directory([])), ("a/b/deep.npy", .file(size: 100, how: .atOnce)),
    ("file", .file(size: 1025, how: .atOnce)), ("link", .link("a/b/deep.npy")), ("empty", .file(size: 0, how: .atOnce)),
    ("größe µ", .file(size: 3, how: .atOnce)),
  ]

  @Test func statAndLinks() throws {
    try withMount(TestFileSystem(Self.paths)) { mounted in
      var status = stat()
      #expect(stat(mounted.path + "/file", &status) == 0)
      #expect(status.st_mode == S_IFREG | 0o440)
      #expect(status.st_size == 1025 && status.st_blocks == 3 && status.st_blksize == 1 << 20)
      #expect(status.st_mtim.tv_sec == 1_700_000_000 && status.st_mtim.tv_nsec == 5)
      #expect(status.st_uid == 12 && status.st_gid == 34 && status.st_ino == 5 && status.st_nlink == 1)
      #expect(lstat(mounted.path + "/link", &status) == 0)
      #expect(status.st_mode & S_IFMT == S_IFLNK && status.st_size == 12)
      #expect(stat(mounted.path + "/link", &status) == 0)
      #expect(status.st_size == 100)
      var target = [CChar](repeating: 0, count: 100)
      #expect(readlink(mounted.path + "/link", &target, 99) == 12)
      #expect(target.starts(with: "a/b/deep.npy".utf8.map { CChar(bitPattern: $0) }))
      #expect(stat(mounted.path + "/größe µ", &status) == 0)
      #expect(status.st_size == 3)
    }
  }

  @Test func listing() throws {
    try withMount(TestFileSystem(Self.paths)) { mounted in
      for _ in 0..<2 {
        let entries = try listDirectory(mounted.path)
        #expect(entries.map(\.name) == [".", "..", "a", "file", "link", "empty", "größe µ"])
        #expect(entries.map { Int32($0.type) } == [4, 4, 4, 8, 10, 8, 8])
        #expect(entries[3].inode == 5)
      }
      #expect(try listDirectory(mounted.path + "/a/b").map(\.name) == [".", "..", "deep.npy"])
    }
  }

  @Test func listingOfManyEntries() throws {
    let count = 100_000
    let fileSystem = TestFileSystem(
      [("many", .directory([]))]
        + (0..<count).map { ("many/\($0)", $0 % 10 == 0 ? .directory([]) : .file(size: 1, how: .atOnce)) })
    try withMount(fileSystem) { mounted in
      // The first listing fills the kernel's cache, if it comes to the end; small buffers first, as they are the harder case.
      for size in [300, 32_768, 32_768] {
        let entries = try listDirectory(mounted.path + "/many", bufferSize: size)
        #expect(entries.count == count + 2)
        #expect(Set(entries.map(\.name)).count == count + 2)
        #expect(entries.dropFirst(2).enumerated().allSatisfy { $0.element.name == String($0.offset) })
      }
      // Attributes of directories came with the listing.
      #expect(fileSystem.lookups.load(ordering: .relaxed) == 1)
    }
  }

  /// `ls -l`: the kernel asks for attributes with the names once it has seen lookups.
  @Test func listingWithAttributes() throws {
    let count = 2000
    let fileSystem = TestFileSystem((0..<count).map { ("file \($0)", .file(size: Int64($0), how: .atOnce)) })
    try withMount(fileSystem) { mounted in
      let directory = try #require(opendir(mounted.path))
      defer { closedir(directory) }
      var sizes: [Int] = []
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
        }
        guard name.hasPrefix("file") else { continue }
        var status = stat()
        #expect(fstatat(dirfd(directory), name, &status, 0) == 0)
        sizes.append(status.st_size)
      }
      #expect(sizes == Array(0..<count))
      #expect(fileSystem.lookups.load(ordering: .relaxed) < count)
    }
  }

  @Test func missingNamesAreAskedForOnce() throws {
    let fileSystem = TestFileSystem(Self.paths)
    try withMount(fileSystem) { mounted in
      for _ in 0..<100 { #expect(failure(access(mounted.path + "/missing", F_OK)) == .noSuchFileOrDirectory) }
      #expect(fileSystem.lookups.load(ordering: .relaxed) == 1)
      for _ in 0..<2 { #expect(failure(access(mounted.path + "/forbidden", F_OK)) == .permissionDenied) }
      #expect(fileSystem.lookups.load(ordering: .relaxed) == 3)
      #expect(failure(access(mounted.path + "/file/x", F_OK)) == .notADirectory)
    }
  }

  @Test func extendedAttributes() throws {
    try withMount(TestFileSystem(Self.paths)) { mounted in
      let file = mounted.path + "/file"
      var buffer = [UInt8](repeating: 0xFF, count: 100)
      #expect(getxattr(file, "user.name", nil, 0) == 4)
      #expect(getxattr(file, "user.name", &buffer, 3) == -1 && errno == ERANGE)
      #expect(getxattr(file, "user.name", &buffer, 4) == 4 && buffer.starts(with: "file".utf8))
      #expect(getxattr(file, "user.empty", &buffer, 100) == 0)
      #expect(failure(getxattr(file, "user.other", &buffer, 100)) == .noAttribute)
      #expect(failure(getxattr(file, "security.selinux", &buffer, 100)) == .notSupported)
      let names = Array("user.name\0user.empty\0".utf8)
      #expect(listxattr(file, nil, 0) == names.count)
      buffer.withUnsafeMutableBytes { bytes in
        let list = bytes.assumingMemoryBound(to: CChar.self).baseAddress
        #expect(listxattr(file, list, 100) == names.count)
        #expect(failure(listxattr(file, list, 5)) == .range)
      }
      #expect(buffer.starts(with: names))
    }
  }

  @Test func statistics() throws {
    var options = MountOptions()
    options.sourceName = #"xfel:p900001, r\0042 "x""#
    try withMount(TestFileSystem(Self.paths), options: options) { mounted in
      var status = statvfs()
      #expect(statvfs(mounted.path, &status) == 0)
      #expect(status.f_blocks == 1000 && status.f_bfree == 0 && status.f_bavail == 0 && status.f_files == 8)
      #expect(status.f_namemax == 255 && status.f_bsize == 4096)
      #expect(status.f_flag & UInt(ST_RDONLY) != 0 && status.f_flag & UInt(ST_NOSUID) != 0)
      let mount = try #require(try MountTable.current().mount(at: mounted.path))
      #expect(mount.type == "fuse.xfelfs" && mount.source == options.sourceName)
    }
  }
}
