import CAccess
import Glibc
import TestRuns
import Testing
import Threads

@testable import Access

/// Users that need not exist: the kernel knows numbers only.
let alice = Request.Caller(user: 61_001, group: 61_001, supplementaryGroups: [])
let bob = Request.Caller(user: 61_002, group: 61_002, supplementaryGroups: [61_100])

/// Switching users is root's right: without it these tests can say nothing, and fail.
func requireRoot() throws {
  try #require(geteuid() == 0, "this test takes on the rights of other users, and needs root")
}

/// Runs `body` as for a request of that caller.
func asking<R>(_ caller: Request.Caller?, mayWait: Bool = true, _ body: () throws -> R) rethrows -> R {
  try Request.$current.withValue(Request(mayWait: mayWait, caller: caller), operation: body)
}

/// The error that a body ends with.
func failure(_ body: () throws -> Void) -> AccessError? {
  do {
    try body()
    return nil
  } catch {
    return error as? AccessError
  }
}

/// A clock that is set by hand.
final class TestClock: Sendable {
  private let start = ContinuousClock.now
  private let seconds = LockedNumber()

  var now: ContinuousClock.Instant { start + .milliseconds(seconds.value) }
  func advance(milliseconds: Int) { seconds.add(milliseconds) }
}

extension TemporaryDirectory {
  /// A file or directory in it with another owner and mode. The directory itself is opened to everybody.
  func place(
    _ name: String, isDirectory: Bool = false, owner: UInt32 = 0, group: UInt32 = 0, mode: UInt32
  ) throws -> String {
    let place = "\(path)/\(name)"
    if isDirectory { try #require(mkdir(place, 0o700) == 0) } else { try write(name, [1, 2, 3]) }
    try #require(chown(place, owner, group) == 0 && chmod(place, mode) == 0 && chmod(path, 0o755) == 0)
    return place
  }
}

/// Gives a file an access control list: for its owner, one user, its group, the mask, and others; with three bits each.
func setAccessList(
  _ path: String, owner: UInt16 = 6, user: (UInt32, UInt16), group: UInt16, mask: UInt16, others: UInt16
)
  throws
{
  let none = UInt32.max
  let entries: [(tag: UInt16, rights: UInt16, id: UInt32)] = [
    (1, owner, none), (2, user.1, user.0), (4, group, none), (16, mask, none), (32, others, none),
  ]
  var bytes: [UInt8] = [2, 0, 0, 0]
  for entry in entries {
    withUnsafeBytes(of: entry.tag.littleEndian) { bytes += $0 }
    withUnsafeBytes(of: entry.rights.littleEndian) { bytes += $0 }
    withUnsafeBytes(of: entry.id.littleEndian) { bytes += $0 }
  }
  try #require(setxattr(path, "system.posix_acl_access", bytes, bytes.count, 0) == 0, "the file system has no ACLs")
}
