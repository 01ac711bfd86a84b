import CFuse
import Glibc
import Testing

@testable import FUSE

@Suite struct ReadOnlyTests {
  /// Once with the kernel refusing, as always, and once with a mount that is not `ro`, so that the answers are ours.
  @Test(arguments: [true, false])
  func everyChangeIsRefused(byKernel: Bool) throws {
    var options = MountOptions()
    options.isReadOnly = byKernel
    let fileSystem = TestFileSystem([
      ("file", .file(size: 10, how: .atOnce)), ("link", .link("file")), ("directory", .directory([])),
    ])
    try withMount(fileSystem, options: options) { mounted in
      let file = mounted.path + "/file"
      let new = mounted.path + "/new"
      let readOnly = Errno.readOnlyFileSystem
      #expect(failure(open(file, O_WRONLY)) == readOnly)
      #expect(failure(open(file, O_RDWR)) == readOnly)
      #expect(failure(open(file, O_RDONLY | O_TRUNC)) == readOnly)
      #expect(failure(open(new, O_WRONLY | O_CREAT, 0o644)) == readOnly)
      #expect(failure(mkdir(new, 0o755)) == readOnly)
      #expect(failure(mknod(new, S_IFREG | 0o644, 0)) == readOnly)
      #expect(failure(unlink(file)) == readOnly)
      #expect(failure(rmdir(mounted.path + "/directory")) == readOnly)
      #expect(failure(symlink("file", new)) == readOnly)
      #expect(failure(rename(file, new)) == readOnly)
      #expect(failure(link(file, new)) == readOnly)
      #expect(failure(chmod(file, 0o777)) == readOnly)
      #expect(failure(chown(file, 1, 1)) == readOnly)
      #expect(failure(truncate(file, 0)) == readOnly)
      #expect(failure(utimes(file, nil)) == readOnly)
      #expect(failure(setxattr(file, "user.x", "1", 1, 0)) == readOnly)
      #expect(failure(removexattr(file, "user.name")) == readOnly)
      let descriptor = open(file, O_RDONLY)
      defer { close(descriptor) }
      #expect(failure(write(descriptor, "x", 1)) == .badFileDescriptor)
      #expect(failure(fchmod(descriptor, 0o777)) == readOnly)
      #expect(readBytes(descriptor, 0, 20) == .success(TestFileSystem.bytes(0, 10)))
    }
  }
}
