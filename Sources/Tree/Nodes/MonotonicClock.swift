internal import Glibc

/// A clock that never goes back.
enum MonotonicClock {
  static var seconds: Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now)
    return now.tv_sec
  }
}
