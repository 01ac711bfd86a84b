internal import CFuse
import Glibc
import Synchronization

/// Adds to the answer to INIT what libfuse 3.14 leaves out of it.
///
/// - Parallel lookups and listings in a directory. libfuse takes the wish for it, and never sends it on; the kernel then has one lookup
///   or listing of a directory at a time, and processes that wait for their turn cannot be interrupted: a lookup that hangs would
///   stop everybody else in its directory.
/// - Files opened with direct I/O that can be mapped into memory. Linux has offered this since 6.6; this libfuse does not know it.
///
/// The kernel takes the flags whatever the protocol's minor number, so they are put in on the answer's way out, through libfuse's hook
/// for reads and writes.
enum InitAnswer {
  /// Flags of INIT: `flags` in the lower half, `flags2` in the upper. The kernel's interface, <linux/fuse.h>: stable, as old daemons
  /// have to run on new kernels.
  enum Flags {
    static let parallelDirectoryOperations: UInt64 = 1 << 18
    /// There is a `flags2`.
    static let extended: UInt64 = 1 << 30
    static let directIOWithMMap: UInt64 = 1 << 36
  }
  private static let initOpcode: UInt32 = 26
  /// struct fuse_in_header: opcode, unique; behind it struct fuse_init_in: flags, flags2.
  private enum Request {
    static let opcode = 4
    static let unique = 8
    static let flags = 40 + 12
    static let flags2 = 40 + 16
  }
  /// struct fuse_out_header: error, unique; struct fuse_init_out: flags, flags2.
  private enum Answer {
    static let error = 4
    static let unique = 8
    static let headerSize = 16
    static let flags = 12
    static let flags2 = 32
    static let size = 64
  }

  /// The flags to be added where the kernel offers `offered`.
  static func additions(offered: UInt64, _ options: MountOptions) -> UInt64 {
    var flags = offered & Flags.parallelDirectoryOperations
    let forMapping = Flags.extended | Flags.directIOWithMMap
    if options.directIOWithMMap && offered & forMapping == forMapping { flags |= forMapping }
    return flags
  }

  /// Puts the hook into a mounted session; without effect where libfuse lacks it.
  static func install(_ connection: Connection) {
    var hooks = fuse_custom_io()
    hooks.read = { descriptor, buffer, size, userData in
      let count = read(descriptor, buffer, size)
      if count >= Request.flags2, let buffer, let connection = InitAnswer.uninitialized(userData) {
        InitAnswer.inspect(UnsafeRawBufferPointer(start: buffer, count: count), connection)
      }
      return count
    }
    hooks.writev = { descriptor, vectors, count, userData in
      guard let vectors, let userData else { return writev(descriptor, vectors, count) }
      let connection = Unmanaged<Connection>.fromOpaque(userData).takeUnretainedValue()
      let unique = connection.initRequest.load(ordering: .acquiring)
      guard unique != 0 else { return writev(descriptor, vectors, count) }
      let flags = connection.initFlags.load(ordering: .relaxed)
      guard InitAnswer.add(flags, to: UnsafeBufferPointer(start: vectors, count: Int(count)), unique)
      else { return writev(descriptor, vectors, count) }
      connection.initRequest.store(0, ordering: .relaxed)
      let written = writev(descriptor, vectors, count)
      if written > 0, flags & Flags.directIOWithMMap != 0 {
        connection.mapsDirectIO.store(true, ordering: .releasing)
      }
      return written
    }
    fuse_session_custom_io(connection.session, &hooks, fuse_session_fd(connection.session))
  }

  /// The connection, as long as INIT has not come in.
  private static func uninitialized(_ userData: UnsafeMutableRawPointer?) -> Connection? {
    guard let userData else { return nil }
    let connection = Unmanaged<Connection>.fromOpaque(userData).takeUnretainedValue()
    return connection.isInitialized.load(ordering: .acquiring) ? nil : connection
  }

  /// Notes the number of an INIT request, and what its answer is to have.
  private static func inspect(_ request: UnsafeRawBufferPointer, _ connection: Connection) {
    guard request.load(fromByteOffset: Request.opcode, as: UInt32.self) == initOpcode else { return }
    var offered = UInt64(request.load(fromByteOffset: Request.flags, as: UInt32.self))
    if offered & Flags.extended != 0, request.count >= Request.flags2 + 4 {
      offered |= UInt64(request.load(fromByteOffset: Request.flags2, as: UInt32.self)) << 32
    }
    connection.initFlags.store(additions(offered: offered, connection.options), ordering: .relaxed)
    connection.initRequest.store(
      request.load(fromByteOffset: Request.unique, as: UInt64.self), ordering: .releasing)
  }

  /// Adds the flags to the answer to INIT; false if this is not that answer.
  private static func add(_ flags: UInt64, to answer: UnsafeBufferPointer<iovec>, _ unique: UInt64) -> Bool {
    guard answer.count == 2, answer[0].iov_len == Answer.headerSize, answer[1].iov_len >= Answer.size,
      let header = answer[0].iov_base, let body = answer[1].iov_base,
      header.load(fromByteOffset: Answer.unique, as: UInt64.self) == unique,
      header.load(fromByteOffset: Answer.error, as: Int32.self) == 0
    else { return false }
    for (offset, flags) in [(Answer.flags, flags), (Answer.flags2, flags >> 32)] {
      let all = body.load(fromByteOffset: offset, as: UInt32.self) | UInt32(truncatingIfNeeded: flags)
      body.storeBytes(of: all, toByteOffset: offset, as: UInt32.self)
    }
    return true
  }
}
