internal import CFuse
import Synchronization
internal import Threads

/// The thread that has made a request, as far as the kernel and /proc tell.
final class CallingProcess: Sendable {
  private let user: UInt32
  private let group: UInt32
  private let thread: Int32
  private let found = Mutex<Request.Caller?>(nil)

  init(_ request: OpaquePointer) {
    let context = fuse_req_ctx(request).pointee
    user = context.uid
    group = context.gid
    thread = context.pid
  }

  /// Who it works for. The first call reads /proc for the supplementary groups, as `fuse_req_getgroups` does, which needs the request,
  /// though, and that is gone once the caller has been interrupted.
  var caller: Request.Caller {
    found.withLock { found in
      if let found { return found }
      let status = SystemFile.read("/proc/\(thread)/task/\(thread)/status")
      let caller = Request.Caller(user: user, group: group, supplementaryGroups: Self.groups(status))
      found = caller
      return caller
    }
  }

  /// The supplementary groups that a `status` of /proc names; none where it is nil, as that of a caller in another pid namespace is.
  static func groups(_ status: String?) -> [UInt32] {
    let line = (status ?? "").split(separator: "\n").first { $0.hasPrefix("Groups:") }
    return (line ?? "").split(whereSeparator: \.isWhitespace).compactMap { UInt32($0) }
  }
}
