internal import CHDF5

/// A box of a virtual dataset, and the box of the dataset that its elements come from.
///
/// Element by element in C order, the one is the other; extents of length 1 apart they have the same shape.
public struct VirtualMapping: Hashable, Sendable {
  /// A block of indices: the first in each dimension, and how many.
  public struct Box: Hashable, Sendable {
    public var start: [Int]
    public var count: [Int]
  }
  public var box: Box
  /// As the file says it: relative to the virtual dataset's own file unless absolute; `.` is that file.
  public var sourceFile: String
  public var sourceObject: String
  public var source: Box
}

extension Dataset {
  /// The mappings of a virtual dataset.
  ///
  /// - Returns: nil where one of them is no simple box: strided, of unlimited extent, or with a pattern for a file name.
  /// - Throws: ``HDF5Error`` where they cannot be read.
  package borrowing func virtualMappings(_ library: borrowing HDF5Library) throws(HDF5Error) -> [VirtualMapping]? {
    guard let creation = Handle(H5Dget_create_plist(handle.id), H5Pclose) else { throw error("describe", library) }
    var count = 0
    guard H5Pget_virtual_count(creation.id, &count) >= 0 else { throw error("describe", library) }
    var mappings: [VirtualMapping] = []
    for index in 0..<count {
      guard let space = Handle(H5Pget_virtual_vspace(creation.id, index), H5Sclose),
        let sourceSpace = Handle(H5Pget_virtual_srcspace(creation.id, index), H5Sclose)
      else { throw error("describe", library) }
      let file = Self.text(index, creation.id) { H5Pget_virtual_filename($0, $1, $2, $3) }
      let object = Self.text(index, creation.id) { H5Pget_virtual_dsetname($0, $1, $2, $3) }
      guard let file, let object else { throw error("describe", library) }
      // %b stands for a block number: one mapping for a series of files.
      guard !file.contains("%"), !object.contains("%"), let box = Self.box(of: space.id),
        let source = Self.box(of: sourceSpace.id) ?? box.squeezedSource
      else { return nil }
      // Their sums are then less than 2^63.
      guard [box, source].allSatisfy({ ($0.start + $0.count).allSatisfy { $0 < 1 << 62 } }) else {
        throw refusal("one of its mappings lies beyond the end of any dataset")
      }
      guard box.count.filter({ $0 != 1 }) == source.count.filter({ $0 != 1 })
      else { return nil }
      mappings.append(VirtualMapping(box: box, sourceFile: file, sourceObject: object, source: source))
    }
    return mappings
  }

  private static func box(of space: hid_t) -> VirtualMapping.Box? {
    let rank = Int(H5Sget_simple_extent_ndims(space))
    guard rank > 0, rank <= 32 else { return nil }
    var extents = [hsize_t](repeating: 0, count: rank)
    guard H5Sget_simple_extent_dims(space, &extents, nil) >= 0 else { return nil }
    if H5Sget_select_type(space) == H5S_SEL_ALL {
      let count = extents.compactMap { Int(exactly: $0) }
      return count.count == rank ? VirtualMapping.Box(start: Array(repeating: 0, count: rank), count: count) : nil
    }
    var start = extents
    var stride = extents
    var count = extents
    var block = extents
    guard H5Sis_regular_hyperslab(space) > 0,
      H5Sget_regular_hyperslab(space, &start, &stride, &count, &block) >= 0
    else {
      H5Eclear2(hid_t(H5E_DEFAULT))
      return nil
    }
    var box = VirtualMapping.Box(start: [], count: [])
    for axis in 0..<rank {
      // Blocks that touch are one block.
      guard count[axis] == 1 || stride[axis] == block[axis] else { return nil }
      let (length, overflow) = count[axis].multipliedReportingOverflow(by: block[axis])
      guard !overflow, let first = Int(exactly: start[axis]), let length = Int(exactly: length), length <= 1 << 62,
        first <= 1 << 62
      else { return nil }
      box.start.append(first)
      box.count.append(length)
    }
    return box
  }

  private static func text(
    _ index: Int, _ creation: hid_t, _ call: (hid_t, Int, UnsafeMutablePointer<CChar>?, Int) -> Int
  ) -> String? {
    let length = call(creation, index, nil, 0)
    guard length >= 0, length <= 1 << 16 else { return nil }
    var characters = [CChar](repeating: 0, count: length + 1)
    guard call(creation, index, &characters, length + 1) >= 0 else { return nil }
    return File.text(characters)
  }
}

extension VirtualMapping.Box {
  /// Where the source says nothing of its extent, it is the box from its origin.
  fileprivate var squeezedSource: VirtualMapping.Box? {
    VirtualMapping.Box(start: Array(repeating: 0, count: count.count), count: count)
  }
}
