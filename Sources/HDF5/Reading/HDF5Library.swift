internal import CHDF5
internal import Glibc
internal import Synchronization

/// The right to call libhdf5.
///
/// libhdf5 has one global lock, and builds without it are not thread-safe at all. This token is that lock as a value: every
/// function of this module that enters the library borrows it, and ``withLock(_:)`` is the only place that hands it out. What
/// can run beside libhdf5 (reading and decoding chunks) does not ask for it.
package struct HDF5Library: ~Copyable, Sendable {
  private static let shared = Mutex(HDF5Library())

  private init() {
    // Runs lie on file systems that refuse locks (GPFS read-only mounts, dCache), and a reader of closed runs needs none. The
    // library reads this variable when it starts, so it must not have been used before. A property of each file would not do:
    // the sources of virtual datasets are opened without it, and refused when they are open with it already.
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1)
    // They would have libhdf5 look for linked files in other places than beside the file.
    unsetenv("HDF5_VDS_PREFIX")
    unsetenv("HDF5_EXT_PREFIX")
    // Exit handlers of the library crash when ids are still open (HDF5.md, "Gotchas"), and a daemon has nothing to flush.
    H5dont_atexit()
    H5open()
  }

  /// Runs `body` with the library to itself.
  ///
  /// Keep the body short: everybody else who needs libhdf5 waits. Never call this from inside `body`.
  package static func withLock<R: ~Copyable, E: Error>(
    _ body: (borrowing HDF5Library) throws(E) -> sending R
  ) throws(E) -> sending R {
    try shared.withLock { (library) throws(E) in
      ErrorStack.watch()
      return try body(library)
    }
  }

  /// The version of libhdf5 that is linked, for example `1.10.8`.
  public static var version: String {
    withLock { _ in
      var major: UInt32 = 0
      var minor: UInt32 = 0
      var release: UInt32 = 0
      H5get_libversion(&major, &minor, &release)
      return "\(major).\(minor).\(release)"
    }
  }
}

extension HDF5Library {
  /// Runs `body` with files opened by their paths, with the rights of this process: for a process that serves one user, or that is kept
  /// to one file.
  ///
  /// - Parameter only: the one file that may be opened; others are said not to be there. nil where all may.
  package static func openingByPath<R: ~Copyable, E: Error>(
    only: String? = nil, _ library: borrowing HDF5Library, _ body: () throws(E) -> R
  ) throws(E) -> R {
    try FileDriver.withOpener(
      { path in
        if let only, path != only { return .failure(FileDriver.Errno(number: ENOENT)) }
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(FileDriver.Errno(number: errno)) }
        guard let identity = FileIdentity(descriptor: descriptor) else {
          close(descriptor)
          return .failure(FileDriver.Errno(number: EIO))
        }
        return .success(IdentifiedFile(descriptor: descriptor, identity: identity))
      }, library, body)
  }
}

extension HDF5Library {
  /// The errno of the first system call that has failed in libhdf5 since this was last asked; nil where none has.
  package borrowing func takeErrno() -> Int32? { FileDriver.takeErrno(self) }
}
