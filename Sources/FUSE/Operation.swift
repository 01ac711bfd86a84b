import Glibc
internal import Threads

/// What the kernel asks, reads excepted: all it takes to ask the file system, and to ask it again on another thread.
enum Operation: Sendable {
  case lookup(name: String, parent: UInt64)
  case attributes(UInt64)
  case readLink(UInt64)
  case openDirectory(UInt64)
  /// `mask` as in access(2).
  case access(UInt64, mask: Int32)
  /// READDIR, or READDIRPLUS; `size` is the kernel's buffer, and `offset` its own, which stands behind "." and ".." too.
  case list(UInt64, size: Int, offset: UInt64, isPlus: Bool)
  case open(UInt64, flags: Int32)
  /// Size 0 asks how long the value is.
  case extendedAttribute(String, UInt64, size: Int)
  case extendedAttributeNames(UInt64, size: Int)

  /// As it is counted.
  var kind: Counters.Request {
    switch self {
    case .lookup: .lookup
    case .attributes: .attributes
    case .readLink: .readLink
    case .openDirectory: .openDirectory
    case .access: .access
    case .list: .list
    case .open: .open
    case .extendedAttribute, .extendedAttributeNames: .extendedAttribute
    }
  }

  /// What `fileSystem` says.
  func answer(from fileSystem: any FileSystem) throws(Refusal) -> Answer {
    switch self {
    case .lookup(let name, let parent):
      do throws(Refusal) {
        return .entry(try fileSystem.lookup(name, in: parent))
      } catch .error(.noSuchFileOrDirectory) {
        return .noEntry(in: parent)
      }
    case .attributes(let node): return .attributes(try fileSystem.attributes(of: node))
    case .readLink(let node): return .link(try fileSystem.readLink(node))
    case .openDirectory(let node):
      try fileSystem.openDirectory(node)
      return .directory(isKept: fileSystem.keepsListing(of: node))
    case .access(let node, let mask):
      try fileSystem.access(node, reads: mask & R_OK != 0, enters: mask & X_OK != 0)
      return .granted
    case .list(let node, let size, let offset, let isPlus):
      let buffer = ThreadBuffer.bytes(size)
      guard buffer.baseAddress != nil else { throw .error(.noMemory) }
      var list = DirectoryList(buffer: buffer, plus: isPlus, offset: offset, fileSystem: fileSystem)
      if list.addDots(of: node, from: offset) {
        try fileSystem.entries(of: node, from: DirectoryList.cookie(at: offset), into: &list)
      }
      return .entries(UnsafeRawBufferPointer(rebasing: buffer[..<list.used]))
    case .open(let node, let flags): return .opening(try fileSystem.open(node), flags: flags)
    case .extendedAttribute(let name, let node, let size):
      return try Self.fit(fileSystem.extendedAttribute(name, of: node), size)
    case .extendedAttributeNames(let node, let size):
      var list: [UInt8] = []
      for name in try fileSystem.extendedAttributeNames(of: node) {
        list.append(contentsOf: name.utf8)
        list.append(0)
      }
      return try Self.fit(list, size)
    }
  }

  private static func fit(_ value: [UInt8], _ size: Int) throws(Refusal) -> Answer {
    guard size > 0 else { return .size(value.count) }
    guard value.count <= size else { throw .error(.range) }
    return .value(value)
  }
}
