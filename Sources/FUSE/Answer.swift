internal import CFuse

/// What a file system has said to an ``Operation``.
enum Answer {
  case entry(NodeAttributes)
  /// There is no such name in a directory.
  case noEntry(in: UInt64)
  case attributes(NodeAttributes)
  case link(String)
  /// A directory, and whether the kernel may keep its listing.
  case directory(isKept: Bool)
  /// The caller may do what it has asked about.
  case granted
  /// Entries of a directory, in the memory of the thread that has asked.
  case entries(UnsafeRawBufferPointer)
  /// An opened file, with the flags it was to be opened with.
  case opening(Opening, flags: Int32)
  /// Of an extended attribute.
  case value([UInt8])
  case size(Int)

  /// Sends it to the kernel. What the kernel does not take, because its caller is gone, is taken back.
  func send(to request: OpaquePointer, _ connection: Connection) {
    switch self {
    case .entry(let attributes):
      var entry = attributes.entry(keptFor: connection.fileSystem.cacheSeconds(of: attributes.inode))
      if fuse_reply_entry(request, &entry) != 0 { takeBack(from: connection.fileSystem) }
    case .noEntry(let directory):
      // Node 0 with a timeout: the kernel remembers that there is no such name.
      var entry = fuse_entry_param()
      entry.entry_timeout = connection.fileSystem.cacheSeconds(of: directory)
      fuse_reply_entry(request, &entry)
    case .attributes(let attributes):
      var status = attributes.status
      let seconds = attributes.isStable ? connection.fileSystem.cacheSeconds(of: attributes.inode) : 0
      fuse_reply_attr(request, &status, seconds)
    case .link(let target): fuse_reply_readlink(request, target)
    case .directory(let isKept):
      var information = fuse_file_info()
      information.cache_readdir = isKept ? 1 : 0
      information.keep_cache = isKept ? 1 : 0
      fuse_reply_open(request, &information)
    case .granted: fuse_reply_err(request, 0)
    case .entries(let bytes): Self.reply(request, bytes)
    case .opening(let opening, let flags):
      var information = fuse_file_info()
      information.flags = flags
      information.fh = connection.openFiles.add(opening.file)
      information.direct_io = opening.directIO ? 1 : 0
      information.keep_cache = opening.keepCache ? 1 : 0
      // There is nothing to write back when a descriptor is closed: no message for it.
      information.noflush = 1
      // No RELEASE will come for what the kernel has not taken.
      if fuse_reply_open(request, &information) != 0 { connection.openFiles.remove(information.fh) }
    case .value(let value): value.withUnsafeBytes { Self.reply(request, $0) }
    case .size(let size): fuse_reply_xattr(request, size)
    }
  }

  /// Gives back what the file system counts as known to the kernel, for an answer that does not get there. An opened file is closed by
  /// being dropped.
  func takeBack(from fileSystem: any FileSystem) {
    if case .entry(let attributes) = self { fileSystem.forget(attributes.inode, count: 1) }
  }

  private static func reply(_ request: OpaquePointer, _ bytes: UnsafeRawBufferPointer) {
    fuse_reply_buf(request, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
  }
}
