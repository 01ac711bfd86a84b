internal import CHDF5

/// A dataset met while walking through a file.
package struct VisitedDataset: Hashable, Sendable {
  /// Its path relative to where the walk began.
  public var name: String
  /// The address of its object header: opening by it needs no second walk through the groups above.
  public var address: UInt64
}

extension File {
  /// The datasets below a group, in order of name at each level; as ``datasets(below:_:)``, with their addresses.
  package borrowing func visitedDatasets(
    below group: String, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> [VisitedDataset] {
    var visited: [VisitedDataset] = []
    let status = withUnsafeMutablePointer(to: &visited) { pointer in
      H5Ovisit_by_name2(
        handle.id, group, H5_INDEX_NAME, H5_ITER_INC,
        { _, name, info, context in
          guard let name, let info, let context else { return -1 }
          if info.pointee.type == H5O_TYPE_DATASET {
            context.assumingMemoryBound(to: [VisitedDataset].self).pointee.append(
              VisitedDataset(name: String(cString: name), address: UInt64(info.pointee.addr)))
          }
          return 0
        }, pointer, UInt32(H5O_INFO_BASIC), defaultProperties)
    }
    guard status >= 0 else { throw HDF5Error("list", file: path, object: group, library) }
    return visited
  }

  /// Opens a dataset where a walk has met it. The walk must have begun in this file: an address behind an external link is one of
  /// another file.
  ///
  /// - Parameter object: its path, for messages.
  package borrowing func dataset(
    at address: UInt64, object: String, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> Dataset {
    guard let handle = Handle(H5Oopen_by_addr(handle.id, haddr_t(address)), H5Oclose),
      H5Iget_type(handle.id) == H5I_DATASET
    else { throw HDF5Error("open", file: path, object: object, library) }
    return Dataset(handle: handle, file: path, object: object)
  }
}
