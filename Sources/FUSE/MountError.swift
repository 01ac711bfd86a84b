/// Why something could not be mounted or unmounted, as one sentence for the user.
public struct MountError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The sentence, without a full stop; says what to do where that is known.
  public let message: String

  /// An error with this sentence.
  public init(_ message: String) { self.message = message }

  /// The sentence.
  public var description: String { message }
}

/// What the mounts of this module are called: in the mount table and by the command that removes them.
enum Naming {
  static let subtype = "xfelfs"
  static let fileSystemType = "fuse.xfelfs"
  static let unmountCommand = "xfelfs umount"
}
