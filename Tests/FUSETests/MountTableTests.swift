import Glibc
import Testing

@testable import FUSE

@Suite struct MountTableTests {
  static let text = #"""
    22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
    36 22 0:52 / /mnt/with\040space\011tab\134slash ro,nosuid shared:7 master:2 - fuse.xfelfs xfel:p1/r2 ro,user_id=0
    37 22 0:53 / /mnt/auto rw - autofs systemd-1 rw
    40 37 0:60 / /mnt/auto ro - fuse.xfelfs xfel:\040x ro
    broken line
    """#

  @Test func escapesAndOptionalFields() {
    let table = MountTable(parsing: Self.text)
    #expect(table.entries.count == 4)
    let mount = table.mount(at: "/mnt/with space\ttab\\slash")
    #expect(mount?.device == "0:52" && mount?.type == "fuse.xfelfs" && mount?.source == "xfel:p1/r2" && mount?.id == 36)
    #expect(table.mount(at: "/mnt/auto")?.id == 40)
    #expect(table.mount(at: "/mnt/auto")?.source == "xfel: x")
    #expect(table.mount(at: "/mnt") == nil)
  }

  @Test func pathsThroughLinks() throws {
    let table = try MountTable.current()
    #expect(try table.find("/proc").mount?.type == "proc")
    #expect(try table.find("/proc/").mount?.type == "proc")
    #expect(try table.find("/dev/../proc").mount?.type == "proc")
    #expect(try table.find("/").path == "/")
    #expect(throws: Errno.noSuchFileOrDirectory) { try table.find("/no/such/place") }
    let directory = try Mounted.makeDirectory()
    defer { rmdir(directory) }
    let link = directory + "/link"
    #expect(symlink("/proc", link) == 0)
    defer { unlink(link) }
    #expect(try table.find(link).path == "/proc")
  }

  @Test func mountPoints() throws {
    let directory = try Mounted.makeDirectory()
    defer { rmdir(directory) }
    #expect(try MountPoint.check(directory) == MountPoint(path: directory, warning: nil))
    let missing = #expect(throws: MountError.self) { try MountPoint.check(directory + "/x/y") }
    #expect(missing?.message.hasSuffix("does not exist: make it with mkdir -p \(directory)/x/y") == true)
    let other = #expect(throws: MountError.self) { try MountPoint.check("/proc") }
    #expect(other?.message.contains("(proc)") == true)
    let file = #expect(throws: MountError.self) { try MountPoint.check("/etc/passwd") }
    #expect(file?.message == "mount point /etc/passwd is not a directory")
    #expect(try MountPoint.check("/usr").warning?.contains("is not empty") == true)
    #expect(throws: MountError("nothing is mounted at \(directory)")) { try MountPoint.unmount(directory) }
    let foreign = #expect(throws: MountError.self) { try MountPoint.unmount("/proc") }
    #expect(foreign?.message.contains("not of xfelfs: use umount /proc") == true)
  }

  @Test func errnoDescriptions() {
    #expect(Errno.readOnlyFileSystem.description == "Read-only file system")
    #expect("\(Errno.noAttribute)" == "No data available")
    #expect(Errno(rawValue: 9999).description == "Unknown error 9999")
    #expect(Errno(rawValue: ENOENT) == .noSuchFileOrDirectory)
  }
}
