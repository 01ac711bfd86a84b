import Glibc

/// An error number of the operating system: what a file system operation throws and the kernel hands to the caller.
public struct Errno: RawRepresentable, Error, Hashable, Sendable {
  /// The value of `errno`, positive.
  public let rawValue: Int32

  /// Wraps a value of `errno`.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// The calling thread's `errno`, to be read straight after the failed call.
  public static var current: Errno { Errno(rawValue: errno) }
}

extension Errno {
  /// EPERM
  public static let notPermitted = Errno(rawValue: EPERM)
  /// ENOENT
  public static let noSuchFileOrDirectory = Errno(rawValue: ENOENT)
  /// EINTR
  public static let interrupted = Errno(rawValue: EINTR)
  /// EIO
  public static let inputOutput = Errno(rawValue: EIO)
  /// EBADF
  public static let badFileDescriptor = Errno(rawValue: EBADF)
  /// EAGAIN
  public static let tryAgain = Errno(rawValue: EAGAIN)
  /// ENOMEM
  public static let noMemory = Errno(rawValue: ENOMEM)
  /// EACCES
  public static let permissionDenied = Errno(rawValue: EACCES)
  /// EBUSY
  public static let busy = Errno(rawValue: EBUSY)
  /// EEXIST
  public static let fileExists = Errno(rawValue: EEXIST)
  /// ENODEV
  public static let noSuchDevice = Errno(rawValue: ENODEV)
  /// ENOTDIR
  public static let notADirectory = Errno(rawValue: ENOTDIR)
  /// EISDIR
  public static let isADirectory = Errno(rawValue: EISDIR)
  /// EINVAL
  public static let invalidArgument = Errno(rawValue: EINVAL)
  /// EMFILE
  public static let tooManyOpenFiles = Errno(rawValue: EMFILE)
  /// EFBIG
  public static let fileTooLarge = Errno(rawValue: EFBIG)
  /// EROFS
  public static let readOnlyFileSystem = Errno(rawValue: EROFS)
  /// ERANGE: the caller's buffer is too small.
  public static let range = Errno(rawValue: ERANGE)
  /// ENAMETOOLONG
  public static let nameTooLong = Errno(rawValue: ENAMETOOLONG)
  /// ENOSYS
  public static let notImplemented = Errno(rawValue: ENOSYS)
  /// ENODATA: no extended attribute of that name.
  public static let noAttribute = Errno(rawValue: ENODATA)
  /// EOVERFLOW
  public static let overflow = Errno(rawValue: EOVERFLOW)
  /// ENOTSUP
  public static let notSupported = Errno(rawValue: ENOTSUP)
  /// ENOTCONN: a mount whose daemon is gone.
  public static let notConnected = Errno(rawValue: ENOTCONN)
  /// ETIMEDOUT
  public static let timedOut = Errno(rawValue: ETIMEDOUT)
  /// ESTALE
  public static let staleHandle = Errno(rawValue: ESTALE)
}

extension Errno: CustomStringConvertible {
  /// The text of `strerror`, "Read-only file system" for EROFS.
  public var description: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      guard let text = buffer.baseAddress, strerror_r(rawValue, text, buffer.count) == 0 else {
        return "Unknown error \(rawValue)"
      }
      return String(cString: text)
    }
  }
}
