package import Wire

/// A dataset made of rows of datasets in other files, stored as the first of them is.
package struct CopiedDataset: Sendable {
  /// Rows of one dataset that follow each other.
  package struct Part: Sendable {
    package var file: String
    package var object: String
    package var firstRow: Int
    package var rows: Int

    package init(file: String, object: String, firstRow: Int, rows: Int) {
      self.file = file
      self.object = object
      self.firstRow = firstRow
      self.rows = rows
    }
  }

  package var path: String
  /// The dataset whose type, chunks, filters, fill value and attributes this one has, and whose groups have the attributes of its groups.
  package var file: String
  package var object: String
  /// The datatype, where that dataset's does not hold the values of all.
  package var datatype: Datatype?
  package var entryShape: [Int]
  /// In order.
  package var parts: [Part]
  /// The level at which it is compressed where that dataset is not; nil for not at all.
  package var compression: Int?

  package init(
    path: String, file: String, object: String, datatype: Datatype? = nil, entryShape: [Int], parts: [Part],
    compression: Int? = nil
  ) {
    self.path = path
    self.file = file
    self.object = object
    self.datatype = datatype
    self.entryShape = entryShape
    self.parts = parts
    self.compression = compression
  }
}

extension CopiedDataset: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.put(path)
    writer.put(file)
    writer.put(object)
    writer.put(optional: datatype)
    writer.put(entryShape)
    writer.put(parts)
    writer.put(optional: compression)
  }

  package init(from reader: inout WireReader) throws(WireReader.Garbled) {
    path = try reader.text()
    file = try reader.text()
    object = try reader.text()
    datatype = try reader.optional()
    entryShape = try reader.integers()
    parts = try reader.values()
    compression = try reader.optional()
    guard (parts.map(\.rows) + parts.map(\.firstRow) + entryShape).allSatisfy({ $0 >= 0 && $0 < 1 << 48 }) else {
      throw WireReader.Garbled()
    }
  }
}

extension CopiedDataset.Part: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.put(file)
    writer.put(object)
    writer.put(firstRow)
    writer.put(rows)
  }

  package init(from reader: inout WireReader) throws(WireReader.Garbled) {
    file = try reader.text()
    object = try reader.text()
    firstRow = try reader.integer()
    rows = try reader.integer()
  }
}
