public import ArrayIO
internal import CKernels
internal import Glibc
public import HDF5
internal import Synchronization
internal import Threads

/// Statistics of an array over its first axis, computed on all cores.
///
/// A stretch of rows is read by all threads, then each takes a share of the columns. So there is one result, and the order in
/// which numbers are put together, on which the last digits depend, is the same each time.
public struct Statistics: Sendable {
  private let source: any ArraySource
  private let name: String
  private let wanted: Set<Statistic>
  private let number: Number
  private let presence: Presence?
  private let rows: Int
  /// Elements of an entry.
  private let columns: Int

  /// The threads are shared by all who compute. Whoever answers requests comes first.
  private static let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  private static let pool = WorkerPool(threads: cores, waiting: 256, niceness: 4)

  /// Bytes that are read, then computed with: so many rows that what is begun for each stretch does not count.
  private static let stretchSize = 32 << 20
  /// Of one read, in bytes.
  private static let readSize = 1 << 20
  /// Rows that are summed before the sum is rounded.
  private static let blockRows = 256
  /// Columns that are computed at a time: what is kept of them is 56 bytes each at most.
  private static let mostColumns = 8 << 20
  /// The least that is worth a thread's while.
  private static let leastColumns = 512

  /// The bytes of one statistic as a `.npy` file.
  ///
  /// - Parameter name: what is read, for errors.
  /// - Throws: ``HDF5/ReadError``: what the array throws; passing where it was interrupted.
  public static func file(
    _ statistic: Statistic, of array: any ArraySource, name: String
  ) throws(ReadError) -> [UInt8] {
    let results = try make([statistic], of: array, name: name)
    guard let description = statistic.description(of: array.description), let data = results[statistic] else {
      throw refusal(name)
    }
    return description.header + data
  }

  /// The elements of several statistics, made in one go over the data; each as ``Statistic/description(of:)`` says.
  ///
  /// - Parameter name: what is read, for errors.
  /// - Throws: ``HDF5/ReadError``: what the array throws; passing where it was interrupted.
  public static func make(
    _ statistics: Set<Statistic>, of array: any ArraySource, name: String
  ) throws(ReadError) -> [Statistic: [UInt8]] {
    try Statistics(statistics, of: array, name).make()
  }

  private init(_ wanted: Set<Statistic>, of array: any ArraySource, _ name: String) throws(ReadError) {
    let description = array.description
    guard wanted.allSatisfy({ $0.description(of: description) != nil }), let number = Number(description.element),
      let rows = description.shape.first
    else { throw Self.refusal(name) }
    source = array
    self.name = name
    self.wanted = wanted
    self.number = number
    self.rows = rows
    columns = description.shape.dropFirst().reduce(1, *)
    presence = Presence(of: array)
  }

  private static func refusal(_ name: String) -> ReadError {
    .damaged(file: name, object: "", reason: "it has no such statistics: no entries of numbers, or too large ones")
  }

  private func make() throws(ReadError) -> [Statistic: [UInt8]] {
    var results: [Statistic: [UInt8]] = [:]
    for statistic in wanted {
      guard let description = statistic.description(of: source.description) else { throw Self.refusal(name) }
      results[statistic] = [UInt8](repeating: 0, count: description.dataSize)
    }
    var first = 0
    while first < columns {
      let width = min(Self.mostColumns, columns - first)
      let part = Columns(number, width: width, wanted)
      try read(first..<(first + width), into: part)
      for statistic in wanted {
        let size = statistic == .mean || statistic == .std ? 8 : number.size
        results[statistic]?.withUnsafeMutableBytes { output in
          part.write(
            statistic, to: UnsafeMutableRawBufferPointer(rebasing: output[(first * size)..<((first + width) * size)]))
        }
      }
      first += width
    }
    return results
  }

  /// Goes over all rows of some columns.
  private func read(_ window: Range<Int>, into part: Columns) throws(ReadError) {
    guard rows > 0 else { return }
    let rowSize = window.count * number.size
    let stretch = min(rows, max(1, Self.stretchSize / rowSize))
    let buffer = Buffer(stretch * rowSize)
    var first = 0
    while first < rows {
      let taken = first..<min(rows, first + stretch)
      try fill(buffer, taken, window)
      let flags = try presence?.flags(taken)
      compute(buffer, taken.count, window, flags, into: part)
      first = taken.upperBound
    }
  }

  /// Reads rows of some columns, by all threads.
  private func fill(_ buffer: Buffer, _ taken: Range<Int>, _ window: Range<Int>) throws(ReadError) {
    let rowSize = window.count * number.size
    let isWhole = window.count == columns
    // Pieces that are contiguous: of whole rows, any; of a part of the columns, those of one row.
    let length = isWhole ? taken.count * rowSize : rowSize
    let perRun = (length - 1) / Self.readSize + 1
    let runs = isWhole ? 1 : taken.count
    try together(runs * perRun) { piece throws(ReadError) in
      let (run, number) = piece.quotientAndRemainder(dividingBy: perRun)
      let begin = number * Self.readSize
      let end = min(length, begin + Self.readSize)
      let place = ((taken.lowerBound + run) * columns + window.lowerBound) * self.number.size
      try source.read(
        dataAt: place + begin,
        into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[(run * rowSize + begin)..<(run * rowSize + end)]))
    }
  }

  /// Has `body` run for each number by all threads, for this thread's request.
  private func together(
    _ count: Int, _ body: @escaping @Sendable (Int) throws(ReadError) -> Void
  ) throws(ReadError) {
    let request = Request.current
    let failure = Mutex<ReadError?>(nil)
    let step: @Sendable (Int) -> Void = { [name] number in
      guard failure.withLock({ $0 == nil }) else { return }
      request.run {
        do throws(ReadError) {
          guard !request.isInterrupted() else {
            throw .passing(PassingError(.interrupted, file: name, reason: "the computation was interrupted"))
          }
          try body(number)
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
      }
    }
    // A thread that must not wait is told so by the first read, and starts nobody.
    if request.mayWait { Self.pool.together(count, step) } else { (0..<count).forEach(step) }
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  /// Gives each thread a share of the columns.
  private func compute(_ buffer: Buffer, _ rows: Int, _ window: Range<Int>, _ flags: [UInt8]?, into part: Columns) {
    let share = max(Self.leastColumns, min(64 << 10, (window.count - 1) / (4 * Self.cores) + 1))
    let shares = (window.count - 1) / share + 1
    let work: @Sendable (Int) -> Void = { number in
      let first = number * share
      addShare(first..<min(window.count, first + share), buffer, rows, window, flags, into: part)
    }
    if shares == 1 { work(0) } else { Self.pool.together(shares, work) }
  }

  /// Adds some columns of the buffer, block of rows by block of rows.
  private func addShare(
    _ share: Range<Int>, _ buffer: Buffer, _ rows: Int, _ window: Range<Int>, _ flags: [UInt8]?, into part: Columns
  ) {
    if number.isSwapped {
      for row in 0..<rows {
        ckernels_swap(buffer.start + (row * window.count + share.lowerBound) * number.size, number.size, share.count)
      }
    }
    var table = ckernels_table()
    table.number = number.kind
    let wide = number.isHalf ? Buffer(Self.blockRows * share.count * 4) : nil
    var row = 0
    while row < rows {
      table.rows = min(Self.blockRows, rows - row)
      var data = UnsafeRawPointer(buffer.start + (row * window.count + share.lowerBound) * number.size)
      table.stride = window.count
      if let wide {
        for number in 0..<table.rows {
          ckernels_halves_to_singles(
            (data + number * window.count * 2).assumingMemoryBound(to: UInt16.self),
            (wide.start + number * share.count * 4).assumingMemoryBound(to: Float.self), share.count)
        }
        data = UnsafeRawPointer(wide.start)
        table.stride = share.count
      }
      if let flags, let presence {
        flags.withUnsafeBufferPointer { flags in
          addPresent(share, table, data, flags.baseAddress.map { $0 + row * presence.width }, presence, window, part)
        }
      } else {
        table.data = data
        table.columns = share.count
        part.add(table, at: share.lowerBound)
      }
      row += table.rows
    }
  }

  /// The same where not everything counts: columns that are alike at a time.
  private func addPresent(
    _ share: Range<Int>, _ table: ckernels_table, _ data: UnsafeRawPointer, _ flags: UnsafePointer<UInt8>?,
    _ presence: Presence, _ window: Range<Int>, _ part: Columns
  ) {
    var table = table
    table.present_stride = presence.width
    var column = share.lowerBound
    while column < share.upperBound {
      let place = window.lowerBound + column
      let end = min(share.upperBound, column + presence.stretch - place % presence.stretch)
      table.data = data + (column - share.lowerBound) * number.workingSize
      table.columns = end - column
      table.present = flags.map { $0 + presence.flag(ofColumn: place) }
      part.add(table, at: column)
      column = end
    }
  }
}
