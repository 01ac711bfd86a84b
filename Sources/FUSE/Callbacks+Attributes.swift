internal import CFuse
import Glibc

extension Callbacks {
  /// getattr, readlink, statfs and extended attributes.
  static func setAttributes(_ table: inout fuse_lowlevel_ops) {
    table.getattr = { request, node, _ in
      Callbacks.answer(request) { connection throws(Errno) in
        let attributes = try connection.fileSystem.attributes(of: UInt64(node))
        var status = attributes.status
        fuse_reply_attr(request, &status, attributes.timeout)
      }
    }
    table.readlink = { request, node in
      Callbacks.answer(request) { connection throws(Errno) in
        fuse_reply_readlink(request, try connection.fileSystem.readLink(UInt64(node)))
      }
    }
    table.statfs = { request, _ in
      let statistics = Connection.of(request).fileSystem.statistics()
      var answer = statvfs()
      answer.f_bsize = UInt(statistics.blockSize)
      answer.f_frsize = UInt(statistics.blockSize)
      answer.f_blocks = UInt(statistics.blocks)
      answer.f_files = UInt(statistics.files)
      answer.f_namemax = 255
      fuse_reply_statfs(request, &answer)
    }
    table.getxattr = { request, node, name, size in
      Callbacks.answer(request) { connection throws(Errno) in
        guard let name else { throw .invalidArgument }
        // `ls -l` asks each file for ACLs, capabilities and security labels. ENOTSUP makes it stop after the first; ENODATA not.
        guard strncmp(name, "user.", 5) == 0 else { throw .notSupported }
        let value = try connection.fileSystem.extendedAttribute(String(cString: name), of: UInt64(node))
        try Callbacks.reply(request, value, size: size)
      }
    }
    table.listxattr = { request, node, size in
      Callbacks.answer(request) { connection throws(Errno) in
        var list: [UInt8] = []
        for name in try connection.fileSystem.extendedAttributeNames(of: UInt64(node)) {
          list.append(contentsOf: name.utf8)
          list.append(0)
        }
        try Callbacks.reply(request, list, size: size)
      }
    }
  }

  /// Size 0 asks how long the value is.
  private static func reply(_ request: OpaquePointer?, _ value: [UInt8], size: Int) throws(Errno) {
    if size == 0 {
      fuse_reply_xattr(request, value.count)
    } else if value.count > size {
      throw .range
    } else {
      value.withUnsafeBytes { bytes in
        _ = fuse_reply_buf(request, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
      }
    }
  }

  /// EROFS for everything that would change something. The mount is `ro`, so the kernel says the same before it asks; this holds
  /// when someone remounts it `rw`.
  static func refuseChanges(_ table: inout fuse_lowlevel_ops) {
    table.mknod = { request, _, _, _, _ in fuse_reply_err(request, EROFS) }
    table.mkdir = { request, _, _, _ in fuse_reply_err(request, EROFS) }
    table.unlink = { request, _, _ in fuse_reply_err(request, EROFS) }
    table.rmdir = { request, _, _ in fuse_reply_err(request, EROFS) }
    table.symlink = { request, _, _, _ in fuse_reply_err(request, EROFS) }
    table.rename = { request, _, _, _, _, _ in fuse_reply_err(request, EROFS) }
    table.link = { request, _, _, _ in fuse_reply_err(request, EROFS) }
    table.setattr = { request, _, _, _, _ in fuse_reply_err(request, EROFS) }
    table.create = { request, _, _, _, _ in fuse_reply_err(request, EROFS) }
    table.write = { request, _, _, _, _, _ in fuse_reply_err(request, EROFS) }
    table.setxattr = { request, _, _, _, _, _ in fuse_reply_err(request, EROFS) }
    table.removexattr = { request, _, _ in fuse_reply_err(request, EROFS) }
    table.fallocate = { request, _, _, _, _, _ in fuse_reply_err(request, EROFS) }
  }
}
