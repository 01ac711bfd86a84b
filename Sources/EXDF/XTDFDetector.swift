public import HDF5

/// The modules of one XTDF detector (AGIPD, DSSC, LPD), as `run.info()` sums them up (EXDF.md 3.1).
public struct XTDFDetector: Sendable {
  /// With the section, such as `SPB_DET_AGIPD1M-1/DET`.
  public var name: String
  /// Module numbers as written, and their sources; in order of the numbers' text.
  public var modules: [(number: String, source: Source)]
  /// The last two extents of `image.data` of the first module.
  public var pixels: [Int]
  /// `INDEX/<first module>/image/count` in its first file, by row.
  public var frameCounts: [UInt64]
}

extension Run {
  /// `(.+/(?:DET|CORR))/(\d+)CH` at the start of a source's name.
  public static func moduleName(of source: String) -> (detector: String, number: String)? {
    let parts = source.split(separator: "/", omittingEmptySubsequences: false)
    // The first part that looks like a module and has the right parent; Python's greedy match takes the last such one.
    for index in parts.indices.reversed() where index >= 2 && (parts[index - 1] == "DET" || parts[index - 1] == "CORR")
    {
      let digits = parts[index].prefix { $0.isASCII && $0.isNumber }
      if !digits.isEmpty, parts[index].dropFirst(digits.count).hasPrefix("CH") {
        return (parts[..<index].joined(separator: "/"), String(digits))
      }
    }
    return nil
  }

  /// The detectors among the instrument sources, without legacy names, by name.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func xtdfDetectors() throws(ReadError) -> [XTDFDetector] {
    var modules: [String: [(number: String, source: Source)]] = [:]
    for source in sources where source.kind == .instrument && source.legacyTarget == nil {
      guard let module = Self.moduleName(of: source.name) else { continue }
      modules[module.detector, default: []].append((module.number, source))
    }
    var detectors: [XTDFDetector] = []
    for name in modules.keys.sorted(by: { $0.precedes($1) }) {
      // A number that stands in two sources (raw and something else of another channel) counts once: the last by name.
      var byNumber: [String: Source] = [:]
      for (number, source) in modules[name] ?? [] { byNumber[number] = source }
      let sorted = byNumber.keys.sorted { $0.precedes($1) }.compactMap { number in
        byNumber[number].map { (number: number, source: $0) }
      }
      let first = sorted[0].source
      let (pixels, counts) = try frames(of: first)
      detectors.append(XTDFDetector(name: name, modules: sorted, pixels: pixels, frameCounts: counts))
    }
    return detectors
  }

  private func frames(of source: Source) throws(ReadError) -> (pixels: [Int], counts: [UInt64]) {
    let file = files[source.files[0]]
    let path = "INDEX/\(source.name)/image"
    var batch = QuestionBatch()
    let columns = batch.add(ColumnsQuestion(below: path, limit: 1 << 26))
    let data = batch.add(DatasetQuestion("\(source.path)/image/data"))
    let answers = try hdf5.ask(file.reference, batch)
    let rows: TrainRows
    do throws(ReadError) {
      rows = try file.rows(hdf5)
    } catch {
      guard case .damaged(let damage) = error else { throw error }
      report("\(damage)")
      return ([], [])
    }
    do throws(HDF5Error) {
      var named: [String: Result<IntegerColumn, HDF5Error>] = [:]
      for column in try answers[columns].get() ?? [] {
        named[column.path] = column.column.map { .success($0) } ?? column.problem.map { .failure($0) }
      }
      let runs = try IndexRuns.read(named, path, of: file.reference.path, limit: rows.trainIDs.count).get()
      var counts: [UInt64] = []
      runs.visitRows { _, _, count in counts.append(count) }
      return (Array(try answers[data].get()?.shape.suffix(2) ?? []), counts)
    } catch {
      report("\(error)")
      return ([], [])
    }
  }
}
