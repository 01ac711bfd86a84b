internal import CFileDriver
internal import CHDF5
internal import Glibc

/// Our file driver, as libhdf5 is told of it: it asks for every file that is to be opened.
enum FileDriver {
  /// Opens a path, or says why not by an errno.
  typealias Opener = (String) -> Result<IdentifiedFile, Errno>

  struct Errno: Error {
    var number: Int32
  }

  /// What is asked for files. Only touched by the holder of the library's token.
  nonisolated(unsafe) private static var opener: Opener = { _ in .failure(Errno(number: EACCES)) }

  /// Registered once per process.
  private static let identifier: hid_t = {
    cfiledriver_set_opener { path, opened in
      guard let path, let opened else { return EINVAL }
      switch FileDriver.opener(String(cString: path)) {
      case .success(let file):
        opened.pointee = cfiledriver_opened(
          descriptor: file.descriptor, device: file.identity.device, inode: file.identity.inode,
          size: UInt64(clamping: file.identity.size))
        return 0
      case .failure(let error): return error.number
      }
    }
    return cfiledriver_register()
  }()

  /// Runs `body` with `opener` in charge of the files that it makes libhdf5 open.
  static func withOpener<R: ~Copyable, E: Error>(
    _ opener: @escaping Opener, _ library: borrowing HDF5Library, _ body: () throws(E) -> R
  ) throws(E) -> R {
    let previous = Self.opener
    Self.opener = opener
    defer { Self.opener = previous }
    return try body()
  }

  /// The errno of the first system call that has failed since this was last asked; nil where none has.
  static func takeErrno(_ library: borrowing HDF5Library) -> Int32? {
    let errno = cfiledriver_take_errno()
    return errno == 0 ? nil : errno
  }

  /// A list of properties that opens a file with this driver. Made once: the cache of metadata it asks for is a quarter of what
  /// libhdf5 takes by itself, as hundreds of files may be open (1.7 MiB each with the library's own numbers, measured on files of 300
  /// sources).
  private static let access: hid_t = {
    let list = H5Pcreate(chdf5_H5P_FILE_ACCESS())
    guard list >= 0, identifier >= 0, H5Pset_driver(list, identifier, nil) >= 0 else { return -1 }
    var cache = H5AC_cache_config_t()
    cache.version = H5AC__CURR_CACHE_CONFIG_VERSION
    if H5Pget_mdc_config(list, &cache) >= 0 {
      cache.set_initial_size = true
      cache.initial_size = 256 << 10
      cache.min_size = 128 << 10
      cache.max_size = 4 << 20
      _ = H5Pset_mdc_config(list, &cache)
    }
    return list
  }()

  /// Opens a file through the current opener.
  ///
  /// - Parameter forNotes: whether raw data are to be noted rather than read (``ChunkRecorder``).
  static func open(_ path: String, forNotes: Bool = false, _ library: borrowing HDF5Library) -> Handle? {
    openHeld(path, forNotes: forNotes)
  }

  /// The same for code that runs only where a caller of it holds the library's token: what makes a file from a plan.
  static func openHeld(_ path: String, forNotes: Bool = false) -> Handle? {
    cfiledriver_open_for_notes(forNotes)
    defer { cfiledriver_open_for_notes(false) }
    guard access >= 0 else { return nil }
    return Handle(H5Fopen(path, chdf5_H5F_ACC_RDONLY(), access), H5Fclose)
  }

  /// The name by which the opener knows the file that is being made.
  static let output = "xfelfs:output"

  /// Makes the file that the opener has for ``output``, with structures that every release of libhdf5 reads.
  static func createHeld() throws(HDF5Refusal) -> OutputHandle {
    let creation = try OutputHandle(H5Pcreate(chdf5_H5P_FILE_CREATE()), closedBy: H5Pclose)
    try check(H5Pset_obj_track_times(creation.id, false))
    return try OutputHandle(
      H5Fcreate(output, chdf5_H5F_ACC_TRUNC(), creation.id, access), closedBy: H5Fclose)
  }

  /// Whether the superblock says that a writer has the file open: libhdf5 keeps out of such files with its own drivers alone.
  ///
  /// From version 3 of the superblock on byte 11 has the flags: bit 0 for a writer, bit 2 for one that lets others read meanwhile ("HDF5
  /// File Format Specification", Disk Format: Level 0A).
  static func isBeingWritten(_ file: hid_t, _ library: borrowing HDF5Library) -> Bool {
    guard let note = note(of: file, library) else { return false }
    var bytes = [UInt8](repeating: 0, count: 12)
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    guard pread(note.pointee.descriptor, &bytes, bytes.count, 0) == bytes.count, bytes.starts(with: signature) else {
      return false
    }
    return bytes[8] >= 3 && bytes[11] & 0b101 != 0
  }

  /// What the driver knows of an open file; valid until that is closed.
  static func note(of file: hid_t, _ library: borrowing HDF5Library) -> UnsafeMutablePointer<cfiledriver_note>? {
    var handle: UnsafeMutableRawPointer?
    guard H5Fget_vfd_handle(file, access, &handle) >= 0 else { return nil }
    return handle?.assumingMemoryBound(to: cfiledriver_note.self)
  }
}
