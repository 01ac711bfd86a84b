internal import CFuse
import Glibc
import Synchronization

/// The operations libfuse calls: each takes a request apart, asks the file system and answers. Nothing else is decided here.
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

  /// Answers `request` with what `body` has thrown, or leaves the answer to it.
  static func answer(_ request: OpaquePointer?, _ body: (Connection) throws(Errno) -> Void) {
    do throws(Errno) {
      try body(Connection.of(request))
    } catch {
      fuse_reply_err(request, error.rawValue)
    }
  }

  private static func setNames(_ table: inout fuse_lowlevel_ops) {
    table.`init` = { userData, information in
      guard let userData, let information else { return }
      Negotiation.start(Unmanaged<Connection>.fromOpaque(userData).takeUnretainedValue(), &information.pointee)
    }
    table.lookup = { request, parent, name in
      guard let name else { return Callbacks.answer(request) { _ throws(Errno) in throw .invalidArgument } }
      Callbacks.answer(request) { connection throws(Errno) in
        var entry: fuse_entry_param
        do throws(Errno) {
          entry = try connection.fileSystem.lookup(String(cString: name), in: UInt64(parent)).entry
        } catch .noSuchFileOrDirectory {
          // Node 0 with a timeout: the kernel remembers that there is no such name.
          entry = fuse_entry_param()
          entry.entry_timeout = forever
        }
        fuse_reply_entry(request, &entry)
      }
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
    table.opendir = { request, _, information in
      guard !Connection.of(request).needsNoOpendir.load(ordering: .relaxed), let information else {
        // The kernel then opens directories by itself from now on, and caches listings.
        fuse_reply_err(request, ENOSYS)
        return
      }
      information.pointee.cache_readdir = 1
      information.pointee.keep_cache = 1
      fuse_reply_open(request, information)
    }
    table.readdir = { request, node, size, offset, _ in
      Callbacks.list(request, node: UInt64(node), size: size, offset: offset, plus: false)
    }
    table.readdirplus = { request, node, size, offset, _ in
      Callbacks.list(request, node: UInt64(node), size: size, offset: offset, plus: true)
    }
  }

  private static func list(_ request: OpaquePointer?, node: UInt64, size: Int, offset: Int, plus: Bool) {
    guard let request else { return }
    answer(request) { connection throws(Errno) in
      let fileSystem = connection.fileSystem
      let offset = UInt64(truncatingIfNeeded: offset)
      let buffer = ThreadBuffer.bytes(size)
      guard buffer.baseAddress != nil else { throw .noMemory }
      var list = DirectoryList(request, buffer: buffer, plus: plus, offset: offset, fileSystem: fileSystem)
      if list.addDots(of: node, from: offset) {
        try fileSystem.entries(of: node, from: DirectoryList.cookie(at: offset), into: &list)
      }
      fuse_reply_buf(request, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), list.used)
    }
  }

  private static func setFiles(_ table: inout fuse_lowlevel_ops) {
    table.open = { request, node, information in
      guard let request, let information else { return }
      guard information.pointee.flags & (O_ACCMODE | O_TRUNC) == O_RDONLY else {
        fuse_reply_err(request, EROFS)
        return
      }
      let connection = Connection.of(request)
      connection.fileSystem.open(UInt64(node), reply: OpenReply(request, connection, flags: information.pointee.flags))
    }
    table.release = { request, _, information in
      if let information { Connection.of(request).fileSystem.release(handle: information.pointee.fh) }
      fuse_reply_err(request, 0)
    }
    table.read = { request, node, size, offset, information in
      guard let request, let information else { return }
      let connection = Connection.of(request)
      connection.fileSystem.read(
        handle: information.pointee.fh, node: UInt64(node), offset: Int64(offset), count: size,
        reply: ReadReply(request, connection, count: size))
    }
  }
}
