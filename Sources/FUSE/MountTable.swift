import Glibc

/// One line of /proc/self/mountinfo.
public struct MountEntry: Sendable, Hashable {
  /// The mount's number, unique in the system at a time: the next mount may get it as soon as this one is gone.
  public var id: Int
  /// The device as `major:minor`, the name of its folder in /sys/class/bdi. It is the file system's, which all its mounts share, and
  /// is given to another when the last of them is gone.
  public var device: String
  /// Where it is mounted, an absolute path.
  public var mountPoint: String
  /// The file system's type, `fuse.xfelfs` say.
  public var type: String
  /// The source, as `mount` shows it.
  public var source: String

  /// Whether both are one mount, though it may have been moved; while the file system lives no other has both numbers.
  func isSame(as other: MountEntry) -> Bool { id == other.id && device == other.device }
}

/// What is mounted in the process's mount namespace.
public struct MountTable: Sendable {
  /// The mounts; where several lie at one path the last is on top.
  public let entries: [MountEntry]

  /// Reads /proc/self/mountinfo. This touches no mount, so a dead one does no harm.
  public static func current() throws(Errno) -> MountTable {
    guard let text = SystemFile.read("/proc/self/mountinfo") else { throw .current }
    return MountTable(parsing: text)
  }

  /// Parses the form of /proc/self/mountinfo; lines that are not of that form are left out.
  public init(parsing text: String) {
    entries = text.split(separator: "\n").compactMap(Self.entry)
  }

  /// The topmost mount at exactly this path, which has to be absolute and resolved.
  public func mount(at path: String) -> MountEntry? {
    entries.last { $0.mountPoint == path }
  }

  /// The mount at `path`, which may be relative and go through symbolic links, and where it lies.
  ///
  /// The last component itself is not touched as long as it names a mount: looking at a dead mount fails.
  public func find(_ path: String) throws(Errno) -> (path: String, mount: MountEntry?) {
    if let untouched = try? Self.resolveParent(path), let mount = mount(at: untouched) { return (untouched, mount) }
    let resolved = try SystemFile.realPath(path)
    return (resolved, mount(at: resolved))
  }

  /// `path` made absolute, with only the directory above its last component looked at.
  static func resolveParent(_ path: String) throws(Errno) -> String {
    var parts = path.split(separator: "/", omittingEmptySubsequences: true)
    guard let last = parts.popLast(), last != ".", last != ".." else { return try SystemFile.realPath(path) }
    let above = (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    let parent = try SystemFile.realPath(above.isEmpty ? "." : above)
    return parent == "/" ? "/\(last)" : "\(parent)/\(last)"
  }

  /// `36 35 98:0 /root /mount/point options optional-fields - type source options`
  private static func entry(_ line: Substring) -> MountEntry? {
    let fields = line.split(separator: " ")
    guard fields.count >= 10, let id = Int(fields[0]), let dash = fields[6...].firstIndex(of: "-"),
      fields.count > dash + 2
    else { return nil }
    return MountEntry(
      id: id, device: String(fields[2]), mountPoint: unescape(fields[4]), type: unescape(fields[dash + 1]),
      source: unescape(fields[dash + 2]))
  }

  /// The kernel writes space, tab, newline and backslash as a backslash and three octal digits.
  static func unescape(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = field.utf8[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
