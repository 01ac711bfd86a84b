/// Memory that several threads work on, each on a part of its own.
final class Buffer: @unchecked Sendable {
  // Unchecked: whoever hands out parts sees to it that no two threads have the same one.
  let bytes: UnsafeMutableRawBufferPointer

  /// Zeros; aligned for every type and for SIMD.
  init(_ count: Int) {
    bytes = .allocate(byteCount: max(1, count), alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { bytes.deallocate() }

  /// Doubles from the `index`th on.
  func doubles(_ index: Int) -> UnsafeMutablePointer<Double> {
    (start + index * 8).assumingMemoryBound(to: Double.self)
  }

  /// Never empty, so there always is one.
  var start: UnsafeMutableRawPointer { bytes.baseAddress! }

  /// Fills it with one element's bytes, over and over.
  func fill(with element: [UInt8]) {
    guard !element.isEmpty else { return }
    for index in 0..<(bytes.count / element.count) {
      (start + index * element.count).copyMemory(from: element, byteCount: element.count)
    }
  }
}
