internal import CKernels

/// What is known of some columns of an array so far. Each thread adds to a range of its own.
final class Columns: Sendable {
  let number: Number
  let width: Int
  private let wanted: Set<Statistic>
  private let counts: Buffer
  private let sums: Buffer
  private let momentCounts: Buffer
  private let shifts: Buffer
  private let means: Buffer
  private let squares: Buffer
  private let least: Buffer
  private let greatest: Buffer
  /// Whether anything counted, for each column; only asked for min and max of integers.
  private let seen: Buffer

  init(_ number: Number, width: Int, _ wanted: Set<Statistic>) {
    self.number = number
    self.width = width
    self.wanted = wanted
    func buffer(_ size: Int, _ statistics: Statistic...) -> Buffer {
      Buffer(wanted.isDisjoint(with: statistics) ? 0 : width * size)
    }
    counts = buffer(8, .mean)
    sums = buffer(8, .mean)
    momentCounts = buffer(8, .std)
    shifts = buffer(8, .std)
    means = buffer(8, .std)
    squares = buffer(8, .std)
    least = buffer(number.workingSize, .min)
    greatest = buffer(number.workingSize, .max)
    seen = buffer(1, .min, .max)
    least.fill(with: number.start(isLeast: true))
    greatest.fill(with: number.start(isLeast: false))
  }

  /// Takes rows into account, for the columns from `first` on.
  func add(_ table: ckernels_table, at first: Int) {
    var table = table
    if wanted.contains(.mean) { ckernels_add_sums(&table, counts.doubles(first), sums.doubles(first)) }
    if wanted.contains(.std) {
      ckernels_add_moments(
        &table, momentCounts.doubles(first), shifts.doubles(first), means.doubles(first), squares.doubles(first))
    }
    guard !wanted.isDisjoint(with: [.min, .max]) else { return }
    let size = number.workingSize
    ckernels_add_extremes(
      &table, wanted.contains(.min) ? least.start + first * size : nil,
      wanted.contains(.max) ? greatest.start + first * size : nil)
    if !number.isFloat, (0..<table.rows).contains(where: { table.present?[$0 * table.present_stride] != 0 }) {
      UnsafeMutableRawBufferPointer(rebasing: seen.bytes[first..<(first + table.columns)])
        .initializeMemory(as: UInt8.self, repeating: 1)
    }
  }

  /// The result, in the type that the statistic has of the array.
  func write(_ statistic: Statistic, to output: UnsafeMutableRawBufferPointer) {
    switch statistic {
    case .mean:
      for column in 0..<width {
        let count = counts.doubles(column).pointee
        store(count > 0 ? sums.doubles(column).pointee / count : .nan, column, output)
      }
    case .std:
      for column in 0..<width {
        let count = momentCounts.doubles(column).pointee
        // What is rounded off may leave less than nothing; NaN stays what it is.
        let square = squares.doubles(column).pointee
        store(count > 0 ? (square < 0 ? 0 : square / count).squareRoot() : .nan, column, output)
      }
    case .min: writeExtremes(least, to: output)
    case .max: writeExtremes(greatest, to: output)
    }
  }

  private func store(_ value: Double, _ column: Int, _ output: UnsafeMutableRawBufferPointer) {
    output.storeBytes(of: value, toByteOffset: column * 8, as: Double.self)
  }

  private func writeExtremes(_ found: Buffer, to output: UnsafeMutableRawBufferPointer) {
    if !number.isFloat {
      let size = number.size
      for column in 0..<width where seen.bytes[column] == 0 {
        UnsafeMutableRawBufferPointer(rebasing: found.bytes[(column * size)..<((column + 1) * size)])
          .initializeMemory(as: UInt8.self, repeating: 0)
      }
    }
    if number.isHalf {
      for column in 0..<width {
        let value = Float16(found.bytes.load(fromByteOffset: column * 4, as: Float.self))
        output.storeBytes(of: value.bitPattern, toByteOffset: column * 2, as: UInt16.self)
      }
    } else {
      output.copyMemory(from: UnsafeRawBufferPointer(rebasing: found.bytes[..<(width * number.size)]))
    }
    guard number.isSwapped else { return }
    // Byte by byte: a result may lie anywhere.
    for column in 0..<width {
      let element = (column * number.size)..<((column + 1) * number.size)
      var bytes = UnsafeMutableRawBufferPointer(rebasing: output[element])
      bytes.reverse()
    }
  }
}
