import HDF5
import NPY
import RawHDF5
import TestRuns
import Testing

@testable import ArrayIO

/// An array in memory whose every byte tells its place.
func counting(_ element: ElementType, _ shape: [Int]) -> MemoryArray {
  let description = ArrayDescription(element: element, shape: shape)!
  return MemoryArray(description: description, bytes: pattern(description.dataSize))
}

/// Bytes that differ from their neighbours at any small distance.
func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8) &* 31) }
}

extension ArraySource {
  /// Bytes of the flattened array.
  func bytes(at offset: Int, count: Int) throws(ReadError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xEE, count: count)
    let result = bytes.withUnsafeMutableBytes { buffer -> Result<Void, ReadError> in
      do throws(ReadError) {
        return .success(try read(dataAt: offset, into: buffer))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    return bytes
  }
}

extension ByteSource {
  /// As many of `count` bytes as there are.
  func bytes(at offset: Int, count: Int) throws(ReadError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xEE, count: count)
    let result = bytes.withUnsafeMutableBytes { buffer -> Result<Int, ReadError> in
      do throws(ReadError) {
        return .success(try read(at: offset, into: buffer))
      } catch {
        return .failure(error)
      }
    }
    return Array(bytes[..<(try result.get())])
  }
}

let oneByte = ElementType.integer(size: 1, signed: false, bigEndian: false)
let twoBytes = ElementType.integer(size: 2, signed: false, bigEndian: false)
let fourBytes = ElementType.float(size: 4, bigEndian: false)
