internal import CFuse
import Glibc

extension Callbacks {
  /// getattr, access, readlink, statfs and extended attributes.
  static func setAttributes(_ table: inout fuse_lowlevel_ops) {
    table.getattr = { request, node, _ in Callbacks.answer(request, .attributes(UInt64(node))) }
    table.access = { request, node, mask in
      guard let request, Connection.of(request).options.checksCallers else {
        // The kernel takes it for granted, and does not ask again.
        fuse_reply_err(request, ENOSYS)
        return
      }
      Callbacks.answer(request, .access(UInt64(node), mask: mask))
    }
    table.readlink = { request, node in Callbacks.answer(request, .readLink(UInt64(node))) }
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
      // `ls -l` asks each file for ACLs, capabilities and security labels. ENOTSUP makes it stop after the first; ENODATA not.
      guard let name, strncmp(name, "user.", 5) == 0 else {
        fuse_reply_err(request, ENOTSUP)
        return
      }
      Callbacks.answer(request, .extendedAttribute(String(cString: name), UInt64(node), size: size))
    }
    table.listxattr = { request, node, size in
      Callbacks.answer(request, .extendedAttributeNames(UInt64(node), size: size))
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
