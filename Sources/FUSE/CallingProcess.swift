internal import CFuse
import Glibc
import Synchronization
internal import Threads

/// The thread that has made a request, as far as the kernel and /proc tell.
final class CallingProcess: Sendable {
  // What /proc says of the thread is about this caller for as long as its request has no answer.
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

  private static let knownGroups = KnownGroups()

  /// Who it works for. The first call may read /proc for the supplementary groups, as `fuse_req_getgroups` does, which needs the request,
  /// though, and that is gone once the caller has been interrupted. Root's are not looked for: they give it no further right.
  var caller: Request.Caller {
    found.withLock { found in
      if let found { return found }
      let place = KnownGroups.Thread(number: thread, user: user, group: group)
      let groups = user == 0 ? [] : Self.knownGroups.groups(of: place) { Self.groups(status) }
      let caller = Request.Caller(user: user, group: group, supplementaryGroups: groups)
      found = caller
      return caller
    }
  }

  /// Whether it has got a signal that ends it, and waits in the kernel for nothing but the answer to its request.
  var isEnding: Bool { Self.isEnding(status) }

  /// nil where it cannot be read, as that of a caller in another pid namespace cannot.
  private var status: String? { SystemFile.read("/proc/\(thread)/task/\(thread)/status") }

  /// Whether a `status` of /proc tells of a pending signal that is neither blocked nor handled, and ends a process.
  static func isEnding(_ status: String?) -> Bool {
    func signals(_ name: String) -> UInt64 {
      value(name, in: status).first.flatMap { UInt64($0, radix: 16) } ?? 0
    }
    let pending = signals("SigPnd") | signals("ShdPnd")
    return pending & ~signals("SigBlk") & ~signals("SigIgn") & ~signals("SigCgt") & ~harmless != 0
  }

  /// Signals that do not end a process which knows nothing of them.
  private static let harmless = [SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH].reduce(0) {
    $0 | UInt64(1) << UInt64($1 - 1)
  }

  /// The supplementary groups that a `status` of /proc names; none where it is nil.
  static func groups(_ status: String?) -> [UInt32] {
    value("Groups", in: status).compactMap { UInt32($0) }
  }

  /// The words behind a name.
  private static func value(_ name: String, in status: String?) -> [Substring] {
    let line = (status ?? "").split(separator: "\n").first { $0.hasPrefix(name + ":") }
    return (line ?? "").split(whereSeparator: \.isWhitespace).dropFirst().map { $0 }
  }
}
