internal import HDF5

/// INDEX of a group of a source in one file, row by row: where each row's entries begin in the datasets, and how many they are.
///
/// Kept as runs of rows with the same number of entries that follow each other, which is one run for a control source: a run of
/// hundreds of files and sources has millions of rows.
struct IndexRuns: Hashable, Sendable {
  struct Run: Hashable, Sendable {
    var rows: Int
    /// Of the first row.
    var first: UInt64
    /// Of each row.
    var count: UInt64
  }
  private(set) var runs: [Run] = []
  private(set) var rows = 0

  /// - Parameters: one number for each row; what one of them has more than the other is left out.
  init(firsts: [UInt64], counts: [UInt64]) {
    for (first, count) in zip(firsts, counts) {
      if let last = runs.last, last.count == count, last.first &+ UInt64(last.rows) &* count == first {
        runs[runs.count - 1].rows += 1
      } else {
        runs.append(Run(rows: 1, first: first, count: count))
      }
      rows += 1
    }
  }

  /// Gives `body` each row's number, first entry and count.
  func visitRows(_ body: (_ row: Int, _ first: UInt64, _ count: UInt64) -> Void) {
    var row = 0
    for run in runs {
      for step in 0..<run.rows {
        body(row, run.first &+ UInt64(step) &* run.count, run.count)
        row += 1
      }
    }
  }
}

extension IndexRuns {
  /// `first` and `count`, or `first`, `last` and `status` in the files of 2017 and 2018; told apart by what is there (EXDF.md 2.1).
  ///
  /// - Parameters:
  ///   - columns: the datasets of an index group by name.
  ///   - limit: rows that have a train.
  /// - Returns: why there is none where one of them is missing or damaged.
  static func read(
    _ columns: [String: Result<IntegerColumn, HDF5Error>], _ group: String, of file: String, limit: Int
  ) -> Result<IndexRuns, HDF5Error> {
    func column(_ name: String) throws(HDF5Error) -> [UInt64] {
      switch columns[name] {
      case .success(let column)?: return Array(column.bits.prefix(limit))
      case .failure(let error)?: throw error
      case nil: throw HDF5Error("read", file: file, object: "\(group)/\(name)", reason: "there is no such dataset")
      }
    }
    do throws(HDF5Error) {
      let firsts = try column("first")
      if columns["count"] != nil { return .success(IndexRuns(firsts: firsts, counts: try column("count"))) }
      let lasts = try column("last")
      // Wrapping, as numpy computes it: nonsense becomes a row past the end, which is no data.
      let counts = zip(zip(firsts, lasts), try column("status")).map { ($0.1 &- $0.0 &+ 1) &* $1 }
      return .success(IndexRuns(firsts: firsts, counts: counts))
    } catch {
      return .failure(error)
    }
  }
}
