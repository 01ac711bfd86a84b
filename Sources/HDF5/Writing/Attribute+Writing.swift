internal import CHDF5

extension Attribute {
  /// Writes the attribute in Karabo's ways: text as one string of variable length (h5py gives bytes for the others, and then
  /// EXtra-data has no units), integers as arrays of one.
  func write(to object: borrowing OutputHandle) throws(HDF5Refusal) {
    let values: Values
    let space: OutputHandle
    switch value {
    case .text(let text):
      values = .strings([text])
      space = try OutputHandle(H5Screate(H5S_SCALAR), closedBy: H5Sclose)
    case .integer(let integer):
      values = Values([integer])
      space = try OutputHandle(H5Screate_simple(1, [1], nil), closedBy: H5Sclose)
    case .unicode(let text):
      values = .unicode([text])
      space = try OutputHandle(H5Screate(H5S_SCALAR), closedBy: H5Sclose)
    case .unicodeList(let texts):
      values = .unicode(texts)
      space = try OutputHandle(H5Screate_simple(1, [hsize_t(texts.count)], nil), closedBy: H5Sclose)
    case .unsigned(let number):
      values = Values([number])
      space = try OutputHandle(H5Screate(H5S_SCALAR), closedBy: H5Sclose)
    }
    let type = try OutputDatatype.make(for: values)
    let defaults = hid_t(H5P_DEFAULT)
    let attribute = try OutputHandle(
      H5Acreate2(object.id, name, type.id, space.id, defaults, defaults), closedBy: H5Aclose)
    let (to, of) = (attribute.id, type.id)
    try check(values.withPointer { H5Awrite(to, of, $0) })
    try attribute.close()
  }
}
