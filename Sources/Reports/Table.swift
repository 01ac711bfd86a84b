internal import ArrayIO
internal import EXDF
internal import HDF5
internal import NPY

/// A table with a row for each train: columns of single values, empty where a train has none.
///
/// A few thousand rows at a time, column after column and then woven: 100,000 trains of 20 columns take less than a second.
struct Table {
  struct Column {
    var name: String
    var index: TrainIndex
    var elements: Elements
  }
  var columns: [Column] = []

  private static let rowsAtATime = 4096

  /// The lines, with the header; a train without data in any column has none.
  /// - Throws: ``HDF5/ReadError`` where a value cannot be read: half a table would be taken for a whole one.
  func csv(of run: Run) throws(ReadError) -> [UInt8] {
    var csv = CSV(header: ["train_id"] + columns.map(\.name))
    var start = 0
    while start < run.trainIDs.count {
      let rows = start..<min(start + Self.rowsAtATime, run.trainIDs.count)
      var cells: [Cells] = []
      for column in columns { cells.append(try Self.cells(of: column, in: rows)) }
      for (row, train) in rows.enumerated() where cells.contains(where: { $0.isThere[row] }) {
        csv.field(number: run.trainIDs[train])
        for column in cells { csv.field(rendered: column.bytes[column.starts[row]..<column.starts[row + 1]]) }
        csv.endLine()
      }
      start = rows.upperBound
    }
    return csv.bytes
  }

  /// The fields of one column, one after the other.
  private struct Cells {
    var bytes: [UInt8] = []
    var starts: [Int] = [0]
    var isThere: [Bool] = []
  }

  private static func cells(of column: Column, in rows: Range<Int>) throws(ReadError) -> Cells {
    var cells = Cells()
    var text = Text()
    let element = column.elements.element
    var next = column.index.nextTrain(from: rows.lowerBound)
    for train in rows {
      if next == train, let location = column.index.location(ofTrain: train) {
        try column.elements.withElement(location.firstEntry) { CSV.append(element, $0, to: &text) }
        next = column.index.nextTrain(from: train + 1)
        cells.isThere.append(true)
      } else {
        cells.isThere.append(false)
      }
      cells.starts.append(text.bytes.count)
    }
    cells.bytes = text.bytes
    return cells
  }
}
