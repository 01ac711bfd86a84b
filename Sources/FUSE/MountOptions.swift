import Glibc

/// How to mount: the words of `-o` that concern FUSE, and a few settings that have no word.
///
/// Whatever is said, a mount is read-only, nosuid, nodev, noexec and noatime.
public struct MountOptions: Sendable, Hashable {
  /// `allow_other`: users other than the one who mounts get in, as far as permission bits allow (`default_permissions` comes
  /// along: without it the kernel reuses one user's access for the next), or the file system (``checksCallers``).
  public var allowsOther = false
  /// `allow_root`: root gets in.
  public var allowsRoot = false
  /// `auto_unmount`: the mount is removed if this process dies. Needs a ``MountWatcher``.
  public var autoUnmount = false
  /// `default_permissions`: the kernel checks permission bits.
  public var checksPermissions = false
  /// The file system itself checks the caller of each request (`Request.current`): `default_permissions` does not come along with
  /// `allow_other`.
  public var checksCallers = false
  /// `fsname=`: what `mount` and `df` show as source. A colon in it makes tools take the mount for a remote one.
  public var sourceName = Naming.subtype
  /// KiB the kernel reads ahead; it can be raised over the default of 128 only as root, and silently stays there otherwise.
  public var readAheadKilobytes = 1024
  /// How many read-ahead requests the kernel has under way at most.
  public var maximumBackgroundRequests: UInt32 = 64
  /// Asks the kernel (6.6 or later) to let files opened with direct I/O be mapped into memory; see `Session.mapsDirectIO`.
  public var directIOWithMMap = false

  /// Only for tests that have to get a change past the kernel.
  var isReadOnly = true

  /// The defaults: for the mounting user alone.
  public init() {}
}

extension MountOptions {
  /// One word of a `-o` list, `key` or `key=value`.
  public struct Word: Sendable, Hashable, CustomStringConvertible {
    /// What stands before the equals sign.
    public var key: String
    /// What stands behind it; nil if there is none.
    public var value: String?

    /// A word.
    public init(key: String, value: String? = nil) {
      self.key = key
      self.value = value
    }

    /// The word as in a list.
    public var description: String { value.map { "\(key)=\($0)" } ?? key }
  }

  /// What mount(8), fstab and systemd pass on to every file system, and what is the case here anyway.
  private static let swallowed: Set<String> = [
    "ro", "rw", "auto", "noauto", "user", "nouser", "users", "nousers", "owner", "noowner", "group", "nogroup",
    "_netdev",
    "nofail", "dev", "nodev", "suid", "nosuid", "exec", "noexec", "atime", "noatime", "diratime", "nodiratime",
    "relatime",
    "norelatime", "strictatime", "nostrictatime", "lazytime", "nolazytime", "sync", "async", "dirsync", "silent",
    "loud",
    "defaults", "nonempty", "comment",
  ]

  /// Takes from `list` (`a,b=c`; a backslash makes a comma part of a value) the words it knows and those that mean nothing here;
  /// returns the others, in order. Throws if a known word has no value, or has one it does not take.
  public mutating func take(_ list: String) throws(MountError) -> [Word] {
    var others: [Word] = []
    for word in Self.words(of: list) {
      switch word.key {
      case "allow_other":
        allowsOther = try Self.flag(word)
      case "allow_root":
        allowsRoot = try Self.flag(word)
      case "auto_unmount":
        autoUnmount = try Self.flag(word)
      case "default_permissions":
        checksPermissions = try Self.flag(word)
      case "fsname":
        sourceName = try Self.value(of: word)
      case "subtype":
        // `mount -t fuse.xfelfs` may say it; another type would not be found by our own unmount.
        guard try Self.value(of: word) == Naming.subtype else {
          throw MountError("option subtype can only be \(Naming.subtype), not \(word.value ?? "")")
        }
      case let key where key.hasPrefix("x-") || key.hasPrefix("X-") || Self.swallowed.contains(key):
        continue
      default:
        others.append(word)
      }
    }
    return others
  }

  /// Takes all of `list`; throws naming the first word it does not know.
  public mutating func parse(_ list: String) throws(MountError) {
    if let unknown = try take(list).first { throw MountError("unknown mount option: \(unknown)") }
  }

  /// The words of a `-o` list.
  static func words(of list: String) -> [Word] {
    var words: [Word] = []
    var text = ""
    var isEscaped = false
    func finish() {
      defer { text = "" }
      guard !text.isEmpty else { return }
      guard let equals = text.firstIndex(of: "=") else { return words.append(Word(key: text)) }
      words.append(Word(key: String(text[..<equals]), value: String(text[text.index(after: equals)...])))
    }
    for character in list {
      if isEscaped {
        text.append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == "," {
        finish()
      } else {
        text.append(character)
      }
    }
    finish()
    return words
  }

  private static func flag(_ word: Word) throws(MountError) -> Bool {
    guard word.value == nil else { throw MountError("mount option \(word.key) takes no value") }
    return true
  }

  private static func value(of word: Word) throws(MountError) -> String {
    guard let value = word.value, !value.isEmpty else {
      throw MountError("mount option \(word.key) needs a value: \(word.key)=VALUE")
    }
    return value
  }
}

extension MountOptions {
  /// The `-o` list for libfuse.
  var libraryList: String {
    var words = ["nosuid", "nodev", "noexec", "noatime"]
    words.insert(isReadOnly ? "ro" : "rw", at: 0)
    words.append("fsname=\(Self.escape(sourceName))")
    words.append("subtype=\(Naming.subtype)")
    if allowsOther { words.append("allow_other") }
    if allowsRoot { words.append("allow_root") }
    if (allowsOther && !checksCallers) || allowsRoot || checksPermissions { words.append("default_permissions") }
    return words.joined(separator: ",")
  }

  /// libfuse splits its list at commas and takes a backslash for an escape.
  static func escape(_ value: String) -> String {
    var escaped = ""
    for character in value {
      if character == "," || character == "\\" { escaped.append("\\") }
      escaped.append(character)
    }
    return escaped
  }

  /// Throws if the options contradict each other, or ask for what /etc/fuse.conf does not grant an ordinary user.
  public func check() throws(MountError) {
    try check(isRoot: geteuid() == 0, configuration: SystemFile.read("/etc/fuse.conf") ?? "")
  }

  /// The same with the circumstances given.
  func check(isRoot: Bool, configuration: String) throws(MountError) {
    if allowsOther && allowsRoot {
      throw MountError("mount options allow_other and allow_root exclude each other: allow_other includes root")
    }
    guard (allowsOther || allowsRoot) && !isRoot else { return }
    let grants = configuration.split(whereSeparator: \.isNewline).contains { line in
      line.split(whereSeparator: \.isWhitespace) == ["user_allow_other"]
    }
    guard grants else {
      throw MountError(
        "mount option \(allowsOther ? "allow_other" : "allow_root") needs the line user_allow_other in /etc/fuse.conf, "
          + "which only root can add")
    }
  }
}
