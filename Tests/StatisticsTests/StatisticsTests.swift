import ArrayIO
import HDF5
import NPY
import RawHDF5
import Synchronization
import Testing
import Threads

@testable import Statistics

/// An array whose gaps are known.
private struct GappedArray: ArraySource {
  let base: MemoryArray
  let flags: MemoryArray
  var description: ArrayDescription { base.description }
  var presence: (any ArraySource)? { flags }
  func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    try base.read(dataAt: offset, into: output)
  }
}

/// An array that cannot be read from one place on.
private struct BrokenArray: ArraySource {
  let description: ArrayDescription
  let start: Int
  func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    guard offset + output.count <= start else { throw .damaged(file: "f", object: "o", reason: "broken") }
    output.initializeMemory(as: UInt8.self, repeating: 0)
  }
}

private func float(_ size: Int, big: Bool = false) -> ElementType { .float(size: size, bigEndian: big) }
private func integer(_ size: Int, signed: Bool, big: Bool = false) -> ElementType {
  .integer(size: size, signed: signed, bigEndian: big)
}

private func memory(_ element: ElementType, _ shape: [Int], _ bytes: [UInt8]) -> MemoryArray {
  MemoryArray(description: ArrayDescription(element: element, shape: shape)!, bytes: bytes)
}

private func bytes<T>(_ values: [T], big: Bool = false) -> [UInt8] {
  values.flatMap { value in withUnsafeBytes(of: value) { big ? $0.reversed() : Array($0) } }
}

private func values<T>(_ bytes: [UInt8], big: Bool = false, _: T.Type) -> [T] {
  stride(from: 0, to: bytes.count, by: MemoryLayout<T>.size).map { start in
    var element = Array(bytes[start..<(start + MemoryLayout<T>.size)])
    if big { element.reverse() }
    return element.withUnsafeBytes { $0.loadUnaligned(as: T.self) }
  }
}

/// The mean and the standard deviation of a column, in twice the precision of what is tested.
private func exact(_ column: [Double]) -> (mean: Double, std: Double) {
  guard !column.isEmpty else { return (.nan, .nan) }
  let count = Float80(column.count)
  let mean = column.reduce(Float80(0)) { $0 + Float80($1) } / count
  let square = column.reduce(Float80(0)) { $0 + (Float80($1) - mean) * (Float80($1) - mean) } / count
  return (Double(mean), Double(square.squareRoot()))
}

private func isClose(_ a: Double, _ b: Double) -> Bool {
  (a.isNaN && b.isNaN) || a == b || abs(a - b) <= 1e-12 * max(abs(a), abs(b))
}

@Suite struct StatisticsTests {
  /// Compares all four with what the columns give one by one.
  private func check<T: BinaryInteger>(_ element: ElementType, big: Bool = false, _ make: (Int) -> T) throws {
    let (rows, columns) = (700, 37)
    let numbers = (0..<(rows * columns)).map(make)
    let array = memory(element, [rows, columns], bytes(numbers, big: big))
    let found = try Statistics.make(Set(Statistic.allCases), of: array, name: "a")
    let means = values(found[.mean]!, Double.self)
    let stds = values(found[.std]!, Double.self)
    let least = values(found[.min]!, big: big, T.self)
    let greatest = values(found[.max]!, big: big, T.self)
    for column in 0..<columns {
      let own = stride(from: column, to: numbers.count, by: columns).map { numbers[$0] }
      let expected = exact(own.map { Double($0) })
      #expect(isClose(means[column], expected.mean), "\(element.descriptor)")
      #expect(isClose(stds[column], expected.std), "\(element.descriptor)")
      #expect(least[column] == own.min() && greatest[column] == own.max())
    }
  }

  @Test func integers() throws {
    var random = SeededGenerator(seed: 3)
    try check(integer(1, signed: false)) { _ in UInt8.random(in: .min ... .max, using: &random) }
    try check(integer(1, signed: true)) { _ in Int8.random(in: .min ... .max, using: &random) }
    for big in [false, true] {
      try check(integer(2, signed: false, big: big), big: big) { _ in UInt16.random(in: .min ... .max, using: &random) }
      try check(integer(2, signed: true, big: big), big: big) { _ in Int16.random(in: .min ... .max, using: &random) }
      try check(integer(4, signed: false, big: big), big: big) { _ in UInt32.random(in: .min ... .max, using: &random) }
      try check(integer(4, signed: true, big: big), big: big) { _ in Int32.random(in: .min ... .max, using: &random) }
      try check(integer(8, signed: false, big: big), big: big) { _ in UInt64.random(in: .min ... .max, using: &random) }
      // Train ids: much alike, and large.
      try check(integer(8, signed: true, big: big), big: big) { Int64(1_000_000_000 + $0) }
    }
  }

  private func checkFloats<T: BinaryFloatingPoint>(_ element: ElementType, big: Bool = false, _ make: (Int) -> T) throws
  {
    let (rows, columns) = (300, 600)
    var numbers = (0..<(rows * columns)).map(make)
    // A few gaps here and there, a column of nothing else, and one whose first blocks have nothing.
    for index in stride(from: 5, to: numbers.count, by: 1111) { numbers[index] = .nan }
    for row in 0..<rows { numbers[row * columns + 7] = .nan }
    for row in 0..<280 { numbers[row * columns + 9] = .nan }
    let array = memory(element, [rows, 6, 100], bytes(numbers, big: big))
    let found = try Statistics.make(Set(Statistic.allCases), of: array, name: "a")
    let means = values(found[.mean]!, Double.self)
    let stds = values(found[.std]!, Double.self)
    let least = values(found[.min]!, big: big, T.self)
    let greatest = values(found[.max]!, big: big, T.self)
    var failures = 0
    for column in Array(stride(from: 0, to: columns, by: 9)) + [7, 9] {
      let own = stride(from: column, to: numbers.count, by: columns).map { numbers[$0] }.filter { !$0.isNaN }
      let expected = exact(own.map { Double($0) })
      if !isClose(means[column], expected.mean) || !isClose(stds[column], expected.std) { failures += 1 }
      if own.isEmpty {
        if !least[column].isNaN || !greatest[column].isNaN { failures += 1 }
      } else if least[column] != own.min() || greatest[column] != own.max() {
        failures += 1
      }
    }
    #expect(failures == 0, "\(element.descriptor)")
  }

  @Test func floats() throws {
    var random = SeededGenerator(seed: 4)
    // The mean is far from 0: what cancels must not be lost, and the sum neither.
    try checkFloats(float(8)) { _ in 1e8 + Double.random(in: -1...1, using: &random) }
    try checkFloats(float(8, big: true), big: true) { Double($0) + Double.random(in: -1...1, using: &random) }
    try checkFloats(float(4)) { _ in Float.random(in: 99...101, using: &random) }
    try checkFloats(float(4, big: true), big: true) { _ in Float.random(in: 1000...1010, using: &random) }
    try checkFloats(float(2)) { _ in Float16.random(in: 0...60000, using: &random) }
    try checkFloats(float(2, big: true), big: true) { _ in Float16.random(in: 1...2, using: &random) }
  }

  /// Every half there is, subnormal ones and infinities too.
  @Test func everyHalf() throws {
    let halves = (0...UInt16.max).map { $0 }
    let found = try Statistics.make([.min, .max, .mean], of: memory(float(2), [1, 65536], bytes(halves)), name: "a")
    let means = values(found[.mean]!, Double.self)
    for (half, mean) in zip(halves, means) {
      let value = Float16(bitPattern: half)
      #expect(value.isNaN ? mean.isNaN : mean == Double(value))
      if value.isNaN != mean.isNaN { break }
    }
    let least = values(found[.min]!, UInt16.self)
    #expect(zip(halves, least).allSatisfy { Float16(bitPattern: $0).isNaN || $0 == $1 })
  }

  /// From 0 to large numbers: the shift taken off first is no good later.
  @Test func ramp() throws {
    let numbers = (0..<200_000).map { $0 == 0 ? 0 : 1e8 + Double($0 % 17) / 16 }
    let found = try Statistics.make([.mean, .std], of: memory(float(8), [200_000], bytes(numbers)), name: "a")
    let expected = exact(numbers)
    #expect(isClose(values(found[.mean]!, Double.self)[0], expected.mean))
    #expect(isClose(values(found[.std]!, Double.self)[0], expected.std))
  }

  @Test func infinities() throws {
    let numbers: [Double] = [1, .infinity, .infinity, 2, -.infinity, .infinity, 3, 4, 5]
    let found = try Statistics.make(
      Set(Statistic.allCases), of: memory(float(8), [3, 3], bytes(numbers)), name: "a")
    let means = values(found[.mean]!, Double.self)
    #expect(means[0] == 2 && means[1].isNaN && means[2] == .infinity)
    let stds = values(found[.std]!, Double.self)
    #expect(stds[1].isNaN && stds[2].isNaN && abs(stds[0] - (2.0 / 3).squareRoot()) < 1e-15)
    #expect(values(found[.min]!, Double.self) == [1, -.infinity, 5])
    #expect(values(found[.max]!, Double.self) == [3, .infinity, .infinity])
  }

  @Test func booleans() throws {
    let found = try Statistics.make(
      Set(Statistic.allCases), of: memory(.boolean, [4, 2], [0, 1, 0, 1, 1, 1, 0, 1]), name: "a")
    #expect(values(found[.mean]!, Double.self) == [0.25, 1])
    #expect(values(found[.std]!, Double.self)[1] == 0)
    #expect(found[.min] == [0, 1] && found[.max] == [1, 1])
  }

  @Test func nothingAtAll() throws {
    let found = try Statistics.make(Set(Statistic.allCases), of: memory(float(4), [0, 2], []), name: "a")
    for statistic in [Statistic.mean, .std] {
      #expect(values(found[statistic]!, Double.self).allSatisfy { $0.isNaN })
    }
    #expect(values(found[.min]!, Float.self).allSatisfy { $0.isNaN })
    let whole = try Statistics.make([.min, .max], of: memory(integer(2, signed: true), [0, 2], []), name: "a")
    #expect(whole[.min] == [0, 0, 0, 0] && whole[.max] == [0, 0, 0, 0])
    let empty = try Statistics.make([.mean], of: memory(float(4), [3, 0], []), name: "a")
    #expect(empty[.mean] == [])
    let one = try Statistics.make(Set(Statistic.allCases), of: memory(float(4), [1], bytes([Float(0.1)])), name: "a")
    #expect(values(one[.mean]!, Double.self) == [Double(Float(0.1))] && values(one[.std]!, Double.self) == [0])
  }

  /// (rows, gain, module, pixels): what a module lacks is filled and does not count.
  @Test func gaps() throws {
    var random = SeededGenerator(seed: 9)
    let (rows, modules, pixels) = (300, 3, 5)
    var flags = (0..<(rows * modules)).map { _ in UInt8(random.below(3) == 0 ? 0 : 1) }
    for row in 0..<rows { flags[row * modules + 1] = 0 }
    var numbers: [UInt16] = []
    for row in 0..<rows {
      for _ in 0..<2 {
        for module in 0..<modules {
          for _ in 0..<pixels {
            let value = UInt16(1 + random.below(60000))
            numbers.append(flags[row * modules + module] == 0 ? 0 : value)
          }
        }
      }
    }
    let array = GappedArray(
      base: memory(integer(2, signed: false), [rows, 2, modules, pixels], bytes(numbers)),
      flags: memory(.boolean, [rows, 1, modules, 1], flags))
    let whole = try Statistics.make(Set(Statistic.allCases), of: array, name: "a")
    try check(whole, numbers, flags, 0..<rows, gains: [0, 1], modules: [0, 1, 2], pixels: Array(0..<pixels))
    let sliced = try SlicedArray(array, try Slice("20:250:3,1,1:,::2"))
    let part = try Statistics.make(Set(Statistic.allCases), of: sliced, name: "a")
    try check(part, numbers, flags, 20..<250, by: 3, gains: [1], modules: [1, 2], pixels: [0, 2, 4])
  }

  private func check(
    _ found: [Statistic: [UInt8]], _ numbers: [UInt16], _ flags: [UInt8], _ rows: Range<Int>, by step: Int = 1,
    gains: [Int], modules: [Int], pixels: [Int]
  ) throws {
    var column = 0
    for gain in gains {
      for module in modules {
        for pixel in pixels {
          let own = stride(from: rows.lowerBound, to: rows.upperBound, by: step)
            .filter { flags[$0 * 3 + module] == 1 }.map { numbers[(($0 * 2 + gain) * 3 + module) * 5 + pixel] }
          let expected = exact(own.map { Double($0) })
          #expect(isClose(values(found[.mean]!, Double.self)[column], expected.mean))
          #expect(isClose(values(found[.std]!, Double.self)[column], expected.std))
          #expect(values(found[.min]!, UInt16.self)[column] == own.min() ?? 0)
          #expect(values(found[.max]!, UInt16.self)[column] == own.max() ?? 0)
          column += 1
        }
      }
    }
    #expect(found[.min]?.count == column * 2)
  }

  /// More rows than are read at a time; the same bytes each time.
  @Test func severalStretches() throws {
    let (rows, columns) = (20_000, 1000)
    let data = (0..<(rows * columns)).map { UInt16(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    let array = memory(integer(2, signed: false), [rows, columns], data.withUnsafeBytes { Array($0) })
    let file = try Statistics.file(.mean, of: array, name: "a")
    #expect(try Statistics.file(.mean, of: array, name: "a") == file)
    let description = try #require(Statistic.mean.description(of: array.description))
    #expect(file.count == description.header.count + 8 * columns)
    #expect(description.element.descriptor == "<f8" && description.shape == [columns])
    var sum = 0
    for row in 0..<rows { sum += Int(data[row * columns + 11]) }
    let mean = values(Array(file.dropFirst(description.header.count)), Double.self)[11]
    #expect(mean == Double(sum) / Double(rows))
  }

  @Test func whatHasNone() {
    for element in [ElementType.bytes(length: 3), .complex(size: 8, bigEndian: false), float(16), .raw(length: 2)] {
      let description = ArrayDescription(element: element, shape: [3, 2])!
      #expect(Statistic.allCases.allSatisfy { $0.description(of: description) == nil })
      #expect(throws: ReadError.self) {
        try Statistics.make([.mean], of: BrokenArray(description: description, start: 0), name: "a")
      }
    }
    #expect(Statistic.mean.description(of: ArrayDescription(element: float(4), shape: [])!) == nil)
    #expect(Statistic.mean.description(of: ArrayDescription(element: oneByte, shape: [1, 1 << 40])!) == nil)
    #expect(Statistic.min.description(of: ArrayDescription(element: oneByte, shape: [1 << 40, 9])!)?.dataSize == 9)
  }

  private var oneByte: ElementType { integer(1, signed: false) }

  @Test func whatCannotBeReadIsAnError() {
    let description = ArrayDescription(element: oneByte, shape: [6000, 1000])!
    #expect { () throws in
      try Statistics.make([.max], of: BrokenArray(description: description, start: 5_000_000), name: "a")
    } throws: {
      "\($0)".contains("broken")
    }
  }

  @Test func interruption() {
    let description = ArrayDescription(element: oneByte, shape: [6000, 1000])!
    let error = Request(isInterrupted: { true }).run { () -> ReadError? in
      do throws(ReadError) {
        _ = try Statistics.make([.max], of: BrokenArray(description: description, start: .max), name: "a")
        return nil
      } catch { return error }
    }
    guard case .passing(let passing)? = error else {
      Issue.record("not interrupted")
      return
    }
    #expect(passing.cause == .interrupted)
  }
}
