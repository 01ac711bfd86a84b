internal import HDF5
internal import Threads

/// Which chunk of which dataset.
struct ChunkKey: Hashable, Sendable {
  /// ``StoredDataset/identifier``.
  var dataset: UInt64
  /// Chunks are numbered in C order over the grid.
  var chunk: Int
}

/// Decoded chunks, shared by every open file, bounded in bytes.
///
/// It has to cover what the readers of the moment are in the middle of: 128 KiB requests against chunks of 256 KiB and more.
/// What is read again later is the kernel's page cache's business. A chunk that several readers want at once is made once.
public final class ChunkCache: @unchecked Sendable {
  // Unchecked: everything mutable belongs to one shard and is only touched inside that shard's monitor.

  private final class Entry {
    let key: ChunkKey
    var slab: Slab?
    /// Toward the least recently used.
    unowned(unsafe) var older: Entry?
    /// Toward the most recently used.
    unowned(unsafe) var newer: Entry?
    /// Its reader is done with it; see ``retire(_:)``.
    var isRetired = false
    /// Whether a reader has asked for it: what is evicted without was prefetched for nothing.
    var wasUsed = false
    init(_ key: ChunkKey) { self.key = key }
  }

  private final class Shard {
    let monitor = Monitor()
    /// An entry without a slab is being made by somebody.
    var entries: [ChunkKey: Entry] = [:]
    /// Somebody will make these, unless whoever needs them is faster.
    var wanted: Set<ChunkKey> = []
    var oldest: Entry?
    var newest: Entry?
    var bytes = 0
    /// Keys of retired entries, the oldest first; those that were used again since are passed over.
    var retired: [ChunkKey] = []
    var firstRetired = 0
    var retiredBytes = 0
  }

  private let shards: [Shard]
  private let bytesPerShard: Int
  let pool: SlabPool
  /// In bytes.
  let capacity: Int

  /// What sequential readers have left behind is kept up to this much in all: a reader who follows closely finds it, and the
  /// memory is soon used again, which is faster than touching new memory up to the cache's whole size.
  private static let mostRetiredBytes = 2 << 20

  /// - Parameter capacity: in bytes; what is being read at the moment may exceed it.
  public init(capacity: Int) {
    // Few enough that a chunk of 16 MiB fits into a shard of the default size, enough that threads seldom meet.
    let count = capacity >= 256 << 20 ? 8 : 1
    shards = (0..<count).map { _ in Shard() }
    bytesPerShard = capacity / count
    self.capacity = capacity
    pool = SlabPool(mostFreeBytes: max(capacity / 4, 4 << 20))
  }

  private func shard(for key: ChunkKey) -> Shard {
    shards.count == 1 ? shards[0] : shards[Int(UInt(bitPattern: key.hashValue) % UInt(shards.count))]
  }

  /// The chunk, from the cache or made by `load` on this thread. If another thread is making it, waits for that.
  func chunk(
    _ key: ChunkKey, size: Int, _ load: (UnsafeMutableRawBufferPointer) throws(ReadError) -> Void
  ) throws(ReadError) -> Slab {
    let shard = shard(for: key)
    let known = shard.monitor.withLock { () -> Slab? in
      while let entry = shard.entries[key] {
        if let slab = entry.slab {
          entry.wasUsed = true
          touch(entry, in: shard)
          return slab
        }
        shard.monitor.wait()
      }
      let entry = Entry(key)
      entry.wasUsed = true
      shard.entries[key] = entry
      shard.wanted.remove(key)
      return nil
    }
    Counters.count(known == nil ? .cacheMisses : .cacheHits)
    if let known { return known }
    guard let slab = pool.slab(size) else {
      abandon(key, in: shard)
      throw .system(file: "", object: "", errno: 12)
    }
    do throws(ReadError) {
      try load(slab.bytes)
    } catch {
      abandon(key, in: shard)
      throw error
    }
    publish(slab, as: key, in: shard)
    return slab
  }

  private func publish(_ slab: Slab, as key: ChunkKey, in shard: Shard) {
    // Slabs that fall out are freed outside the lock.
    var evicted: [Slab] = []
    shard.monitor.withLock {
      if let entry = shard.entries[key] {
        entry.slab = slab
        append(entry, to: shard)
        shard.bytes += slab.bytes.count
        evict(from: shard, &evicted)
      }
      shard.monitor.broadcast()
    }
  }

  // For those who make several chunks at once: each that is claimed has to be published, or abandoned.

  /// Takes it upon the caller to make a chunk.
  /// - Returns: false if the chunk is there, or being made by somebody else.
  func claim(_ key: ChunkKey) -> Bool {
    let shard = shard(for: key)
    return shard.monitor.withLock {
      guard shard.entries[key] == nil else { return false }
      shard.entries[key] = Entry(key)
      shard.wanted.remove(key)
      return true
    }
  }

  /// Gives a chunk that was claimed to whoever waits for it.
  func publish(_ slab: Slab, as key: ChunkKey) { publish(slab, as: key, in: shard(for: key)) }

  /// Says that a chunk that was claimed will not be made.
  func abandon(_ key: ChunkKey) { abandon(key, in: shard(for: key)) }

  /// Says that a sequential reader is done with a chunk: it is among the first to go.
  func retire(_ key: ChunkKey) {
    let shard = shard(for: key)
    var evicted: [Slab] = []
    shard.monitor.withLock {
      guard let entry = shard.entries[key], let slab = entry.slab, !entry.isRetired else { return }
      entry.isRetired = true
      shard.retiredBytes += slab.bytes.count
      shard.retired.append(key)
      dropRetired(from: shard, &evicted)
    }
  }

  /// Drops retired chunks, the oldest first, until they are few enough.
  private func dropRetired(from shard: Shard, _ evicted: inout [Slab]) {
    while shard.retiredBytes > Self.mostRetiredBytes / shards.count, shard.firstRetired < shard.retired.count {
      let key = shard.retired[shard.firstRetired]
      shard.firstRetired += 1
      if let entry = shard.entries[key], entry.isRetired { drop(entry, from: shard, &evicted) }
    }
    if shard.firstRetired > 256 {
      shard.retired.removeFirst(shard.firstRetired)
      shard.firstRetired = 0
    }
  }

  private func drop(_ entry: Entry, from shard: Shard, _ evicted: inout [Slab]) {
    unlink(entry, in: shard)
    shard.entries[entry.key] = nil
    guard let slab = entry.slab else { return }
    shard.bytes -= slab.bytes.count
    if entry.isRetired { shard.retiredBytes -= slab.bytes.count }
    evicted.append(slab)
  }

  /// Notes that the chunk is going to be made by somebody who calls ``take(_:)`` first.
  /// - Returns: false if it is there, being made, or wanted already.
  func want(_ key: ChunkKey) -> Bool {
    let shard = shard(for: key)
    return shard.monitor.withLock { shard.entries[key] == nil && shard.wanted.insert(key).inserted }
  }

  /// Whether the chunk is still wanted; from now on it is not. A reader who has overtaken those that work ahead of him has made
  /// it himself, and may be done with it: made again it would stay until the cache is full (of 268 MB of f32 read under load,
  /// 205 MB did).
  func take(_ key: ChunkKey) -> Bool {
    let shard = shard(for: key)
    return shard.monitor.withLock { shard.wanted.remove(key) != nil }
  }

  /// A chunk that could not be made is forgotten: those who waited try for themselves, and get the error themselves.
  private func abandon(_ key: ChunkKey, in shard: Shard) {
    shard.monitor.withLock {
      shard.entries[key] = nil
      shard.monitor.broadcast()
    }
  }

  private func evict(from shard: Shard, _ evicted: inout [Slab]) {
    while shard.bytes > bytesPerShard, let oldest = shard.oldest, oldest !== shard.newest {
      if !oldest.wasUsed { Counters.count(.cacheUnusedEvictions) }
      drop(oldest, from: shard, &evicted)
    }
  }

  private func touch(_ entry: Entry, in shard: Shard) {
    if entry.isRetired {
      entry.isRetired = false
      shard.retiredBytes -= entry.slab?.bytes.count ?? 0
    }
    guard shard.newest !== entry else { return }
    unlink(entry, in: shard)
    append(entry, to: shard)
  }

  private func append(_ entry: Entry, to shard: Shard) {
    entry.older = shard.newest
    entry.newer = nil
    shard.newest?.newer = entry
    shard.newest = entry
    if shard.oldest == nil { shard.oldest = entry }
  }

  private func unlink(_ entry: Entry, in shard: Shard) {
    if let older = entry.older { older.newer = entry.newer } else { shard.oldest = entry.newer }
    if let newer = entry.newer { newer.older = entry.older } else { shard.newest = entry.older }
    entry.older = nil
    entry.newer = nil
  }
}
