internal import HDF5

/// A moment: seconds and nanoseconds since 1970 UTC.
public struct Time: Hashable, Comparable, Sendable {
  public var seconds: Int64
  public var nanoseconds: Int64

  public static func < (left: Time, right: Time) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }

  init(_ identity: FileIdentity) {
    seconds = identity.modificationSeconds
    nanoseconds = identity.modificationNanoseconds
  }

  init(seconds: Int64, nanoseconds: Int64 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }
}
