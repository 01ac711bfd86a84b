internal import CFuse
import Glibc
import Synchronization

/// Lets files opened with direct I/O be mapped into memory.
///
/// Linux has offered this since 6.6 (FUSE_DIRECT_IO_ALLOW_MMAP); libfuse 3.14 does not know it. The kernel takes the flag from the
/// INIT answer whatever the protocol's minor number, so we put it in on its way out, through libfuse's hook for reads and writes.
enum DirectIOMapping {
  // The kernel's interface, <linux/fuse.h>: stable, as old daemons have to run on new kernels.
  private static let initOpcode: UInt32 = 26
  private static let extended: UInt32 = 1 << 30  // FUSE_INIT_EXT: there are flags2
  private static let allowMMap: UInt32 = 1 << 4  // FUSE_DIRECT_IO_ALLOW_MMAP, bit 36
  /// struct fuse_in_header: opcode, unique; behind it struct fuse_init_in: flags, flags2.
  private enum Request {
    static let opcode = 4
    static let unique = 8
    static let flags = 40 + 12
    static let flags2 = 40 + 16
    static let size = 40 + 20
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

  /// Puts the hook into a mounted session; without effect where libfuse lacks it.
  static func install(_ connection: Connection) {
    var hooks = fuse_custom_io()
    hooks.read = { descriptor, buffer, size, userData in
      let count = read(descriptor, buffer, size)
      if count >= Request.size, let buffer, let connection = DirectIOMapping.uninitialized(userData) {
        DirectIOMapping.inspect(UnsafeRawPointer(buffer), connection)
      }
      return count
    }
    hooks.writev = { descriptor, vectors, count, userData in
      guard let vectors, let userData else { return writev(descriptor, vectors, count) }
      let connection = Unmanaged<Connection>.fromOpaque(userData).takeUnretainedValue()
      let unique = connection.initRequest.load(ordering: .acquiring)
      guard unique != 0, DirectIOMapping.change(UnsafeBufferPointer(start: vectors, count: Int(count)), unique)
      else { return writev(descriptor, vectors, count) }
      connection.initRequest.store(0, ordering: .relaxed)
      let written = writev(descriptor, vectors, count)
      if written > 0 { connection.mapsDirectIO.store(true, ordering: .releasing) }
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

  /// Notes the number of an INIT request that offers the mapping.
  private static func inspect(_ request: UnsafeRawPointer, _ connection: Connection) {
    guard request.load(fromByteOffset: Request.opcode, as: UInt32.self) == initOpcode,
      request.load(fromByteOffset: Request.flags, as: UInt32.self) & extended != 0,
      request.load(fromByteOffset: Request.flags2, as: UInt32.self) & allowMMap != 0
    else { return }
    connection.initRequest.store(
      request.load(fromByteOffset: Request.unique, as: UInt64.self), ordering: .releasing)
  }

  /// Sets the flags in the answer to INIT; false if this is not that answer.
  private static func change(_ answer: UnsafeBufferPointer<iovec>, _ unique: UInt64) -> Bool {
    guard answer.count == 2, answer[0].iov_len == Answer.headerSize, answer[1].iov_len >= Answer.size,
      let header = answer[0].iov_base, let body = answer[1].iov_base,
      header.load(fromByteOffset: Answer.unique, as: UInt64.self) == unique,
      header.load(fromByteOffset: Answer.error, as: Int32.self) == 0
    else { return false }
    for (offset, flag) in [(Answer.flags, extended), (Answer.flags2, allowMMap)] {
      body.storeBytes(
        of: body.load(fromByteOffset: offset, as: UInt32.self) | flag, toByteOffset: offset, as: UInt32.self)
    }
    return true
  }
}
