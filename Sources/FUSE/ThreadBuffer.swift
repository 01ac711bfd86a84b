import Glibc

/// Scratch memory of the calling thread, kept for its next use and freed with the thread: a listing is as large as the kernel's
/// buffer, and fresh memory for each would cost more than filling it.
enum ThreadBuffer {
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    // Without a key `pthread_getspecific` finds nothing and each use allocates anew: slow, not wrong.
    pthread_key_create(&key) { free($0) }
    return key
  }()

  /// At least `count` bytes, of undefined contents, valid until the thread asks again; empty if there is no memory.
  ///
  /// The first 16 bytes of the block hold its size.
  static func bytes(_ count: Int) -> UnsafeMutableRawBufferPointer {
    let header = 16
    if let block = pthread_getspecific(key) {
      if block.load(as: Int.self) >= count {
        return UnsafeMutableRawBufferPointer(start: block + header, count: count)
      }
      free(block)
      pthread_setspecific(key, nil)
    }
    guard let block = malloc(count + header) else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
    block.storeBytes(of: count, as: Int.self)
    pthread_setspecific(key, block)
    return UnsafeMutableRawBufferPointer(start: block + header, count: count)
  }
}
