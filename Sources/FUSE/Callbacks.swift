internal import CFuse
import Glibc

/// The operations libfuse calls: each takes a request apart and has the connection answer it. Nothing is decided here.
///
/// They are file-level closures without context, as C demands; the connection comes from the request.
enum Callbacks {
  /// The table for `fuse_session_new`.
  static func table() -> fuse_lowlevel_ops {
    var table = fuse_lowlevel_ops()
    setNames(&table)
    setFiles(&table)
    setAttributes(&table)
    refuseChanges(&table)
    return table
  }

  /// Answers `request` with what the file system says to `operation`.
  static func answer(_ request: OpaquePointer?, _ operation: Operation) {
    if let request { Connection.of(request).answer(request, operation) }
  }

  private static func setNames(_ table: inout fuse_lowlevel_ops) {
    table.`init` = { userData, information in
      guard let userData, let information else { return }
      Negotiation.start(Unmanaged<Connection>.fromOpaque(userData).takeUnretainedValue(), &information.pointee)
    }
    table.lookup = { request, parent, name in
      guard let name else {
        fuse_reply_err(request, EINVAL)
        return
      }
      Callbacks.answer(request, .lookup(name: String(cString: name), parent: UInt64(parent)))
    }
    table.forget = { request, node, count in
      Connection.of(request).fileSystem.forget(UInt64(node), count: count)
      fuse_reply_none(request)
    }
    table.forget_multi = { request, count, list in
      let fileSystem = Connection.of(request).fileSystem
      for item in UnsafeBufferPointer(start: list, count: count) {
        fileSystem.forget(item.ino, count: item.nlookup)
      }
      fuse_reply_none(request)
    }
    table.opendir = { request, node, _ in Callbacks.answer(request, .openDirectory(UInt64(node))) }
    table.readdir = { request, node, size, offset, _ in
      let offset = UInt64(truncatingIfNeeded: offset)
      Callbacks.answer(request, .list(UInt64(node), size: size, offset: offset, isPlus: false))
    }
    table.readdirplus = { request, node, size, offset, _ in
      let offset = UInt64(truncatingIfNeeded: offset)
      Callbacks.answer(request, .list(UInt64(node), size: size, offset: offset, isPlus: true))
    }
  }

  private static func setFiles(_ table: inout fuse_lowlevel_ops) {
    table.open = { request, node, information in
      guard let information else { return }
      guard information.pointee.flags & (O_ACCMODE | O_TRUNC) == O_RDONLY else {
        fuse_reply_err(request, EROFS)
        return
      }
      Callbacks.answer(request, .open(UInt64(node), flags: information.pointee.flags))
    }
    table.release = { request, _, information in
      if let information { Connection.of(request).openFiles.remove(information.pointee.fh) }
      fuse_reply_err(request, 0)
    }
    table.read = { request, _, size, offset, information in
      guard let request, let information else { return }
      let connection = Connection.of(request)
      guard let file = connection.openFiles[information.pointee.fh] else {
        fuse_reply_err(request, EBADF)
        return
      }
      // The kernel names the owner of locks for what goes past the page cache.
      let fillsCache = information.pointee.lock_owner == 0
      connection.read(file, at: Int64(offset), count: size, fillsCache: fillsCache, request)
    }
  }
}
