/// Why something cannot be read: for now, or for as long as the file is what it is.
///
/// Whatever keeps what it has read has to ask which of the two it is: the first kind must never be kept.
public enum ReadError: Error, Sendable, CustomStringConvertible {
  /// It may be readable the next time.
  case passing(PassingError)
  /// It is wrong with the file itself, or with what is asked of it.
  case damaged(HDF5Error)

  public static func damaged(file: String, object: String, reason: String) -> ReadError {
    .damaged(HDF5Error("read", file: file, object: object, reason: reason))
  }

  /// A system call failed.
  public static func system(file: String, object: String = "", errno: Int32) -> ReadError {
    .passing(PassingError(errno: errno, file: file, object: object))
  }

  /// What a reader gets for it.
  public var errno: Int32 {
    switch self {
    case .passing(let error): error.errno
    // EIO.
    case .damaged: 5
    }
  }

  /// Whether it is only that this thread must not wait for a file.
  public var isMustWait: Bool {
    if case .passing(let error) = self { return error.cause == .mustWait }
    return false
  }

  public var description: String {
    switch self {
    case .passing(let error): error.description
    case .damaged(let error): error.description
    }
  }
}

extension ReadError {
  /// What `body` reads; nil where something is wrong with the file. What cannot be read now is thrown all the same.
  public static func unlessDamaged<R>(_ body: () throws(ReadError) -> R) throws(ReadError) -> R? {
    do throws(ReadError) {
      return try body()
    } catch {
      if case .damaged = error { return nil }
      throw error
    }
  }
}
