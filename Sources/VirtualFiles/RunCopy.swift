public import EXDF
internal import HDF5

/// A run, or what was selected of it, as EXDF files of its own: values, index, time stamps, flags, RUN values, attributes and the old
/// names of sources, stored as the run's files store them.
public struct RunCopy {
  private let run: Run
  private let frames: FrameChoice?
  private let compression: Int?

  /// - Parameters:
  ///   - frames: of detectors, where not all are to be in it.
  ///   - compression: the level for what is not compressed in the run; nil to leave it as it is.
  public init(of run: Run, frames: FrameChoice? = nil, compression: Int? = nil) {
    self.run = run
    self.frames = frames
    self.compression = compression
  }

  /// Writes one file.
  ///
  /// - Parameters:
  ///   - name: for messages.
  ///   - trains: positions in the run.
  ///   - sequence: the number of the file among those of the run.
  ///   - descriptor: of a file that is open for reading and writing.
  /// - Throws: ``VirtualFileError``; what could be written is then in the file.
  public func write(
    _ name: String, trains: Range<Int>, sequence: Int, to descriptor: Int32
  ) throws(VirtualFileError) {
    let draft = Draft(name: name, run: run, trains: trains, frames: frames, compression: compression)
    let plan = try draft.plan(sequence: sequence)
    try reading { () throws(ReadError) in
      try run.hdf5.write(plan, from: run.files.map(\.reference), to: descriptor)
    }
  }

  /// One file while it is being planned.
  private final class Draft {
    private let run: Run
    private let trains: Range<Int>
    private let frames: FrameChoice?
    private let compression: Int?
    private var plan: OutputPlan

    init(name: String, run: Run, trains: Range<Int>, frames: FrameChoice?, compression: Int?) {
      self.run = run
      self.trains = trains
      self.frames = frames
      self.compression = compression
      plan = OutputPlan(name)
    }

    func plan(sequence: Int) throws(VirtualFileError) -> OutputPlan {
      try reading { () throws(ReadError) in try run.loadRows(of: run.sources) }
      plan.annotate("/", [Attribute(name: "writer", value: .unicode("xfelfs"))])
      for section in ["CONTROL", "INSTRUMENT", "RUN"] { plan.makeGroup(section) }
      let newest = try newestFile()
      try writeTrains(newest.version)
      var identifiers: [String] = []
      for source in run.sources where source.legacyTarget == nil { identifiers += try write(source) }
      for source in run.sources { identifiers += try link(source) }
      try writeMetadata(identifiers.sorted { $0.precedes($1) }, newest, sequence)
      return plan
    }

    // MARK: - The file as a whole

    /// The file whose format is the newest.
    private func newestFile() throws(VirtualFileError) -> (file: Int, version: FormatVersion) {
      var numbers = Set(run.sources.flatMap(\.files))
      if numbers.isEmpty { numbers = [0] }
      return try reading { () throws(ReadError) in
        var newest: (file: Int, version: FormatVersion)?
        for number in numbers.sorted() {
          let version = try run.files[number].version(run.hdf5)
          if newest.map({ $0.version.text.precedes(version.text) }) ?? true { newest = (number, version) }
        }
        return newest ?? (0, .unversioned)
      }
    }

    private func writeTrains(_ version: FormatVersion) throws(VirtualFileError) {
      let times = try reading { () throws(ReadError) in try run.trainTimes() }
      plan.write(Column(path: "trainId", values: Values(Array(run.trainIDs[trains])), isFixed: true), below: "INDEX")
      guard version.isNested else { return }
      plan.write(
        Column(path: "timestamp", values: Values(Array(times.timestamps[trains])), isFixed: true), below: "INDEX")
      let flags = times.isSuspect[trains].map { Int32($0 == version.hasInvertedFlag ? 1 : 0) }
      plan.write(Column(path: "flag", values: Values(flags), isFixed: true), below: "INDEX")
    }

    private func writeMetadata(
      _ identifiers: [String], _ newest: (file: Int, version: FormatVersion), _ sequence: Int
    ) throws(VirtualFileError) {
      let parts = identifiers.map { $0.split(separator: "/", maxSplits: 1).map(String.init) }
      for (name, texts) in [
        ("dataSourceId", identifiers), ("root", parts.map { $0[0] }), ("deviceId", parts.map { $0[1] }),
      ] {
        plan.write(
          Column(path: name, values: .strings(texts), isPadded: false),
          below: newest.version.isNested ? "METADATA/dataSources" : "METADATA")
      }
      guard newest.version.isNested else { return }
      for value in try metadata(of: run, file: newest.file) {
        let values: Values =
          switch value.contents {
          case .text(let text): .unicode([text])
          case .number where value.name == "sequenceNumber": Values([UInt32(clamping: sequence)])
          case .number(let number): UInt32(exactly: number).map { Values([$0]) } ?? Values([number])
          }
        plan.write(Column(path: value.name, values: values, isFixed: true), below: "METADATA")
      }
    }

    // MARK: - Sources

    /// - Returns: how METADATA names the source.
    private func write(_ source: Source) throws(VirtualFileError) -> [String] {
      plan.makeGroup(source.path)
      let keys = try reading { () throws(ReadError) in try run.keys(of: source) }
      var groups = Set(keys.map(\.group))
      if source.kind == .control { groups = [""] }
      for (number, key) in keys.enumerated() { try write(key, number, of: source, keys) }
      for group in groups.sorted(by: { $0.precedes($1) }) { try writeIndex(group, of: source) }
      try copyRunValues(of: source)
      if source.kind == .control { return ["CONTROL/\(source.name)"] }
      return groups.map { "INSTRUMENT/\(source.name)/\($0)" }
    }

    /// An old name is a link here, too.
    /// - Returns: how METADATA names the source.
    private func link(_ source: Source) throws(VirtualFileError) -> [String] {
      guard let name = source.legacyTarget, let target = run.source(named: name) else { return [] }
      plan.link("INSTRUMENT/\(source.name)", to: "/INSTRUMENT/\(name)")
      plan.link("INDEX/\(source.name)", to: "/INDEX/\(name)")
      let keys = try reading { () throws(ReadError) in try run.keys(of: target) }
      return Set(keys.map(\.group)).map { "INSTRUMENT/\(source.name)/\($0)" }
    }

    private func writeIndex(_ group: String, of source: Source) throws(VirtualFileError) {
      let index = try reading { () throws(ReadError) in try run.index(ofGroup: group, of: source) }
      var next: UInt64 = 0
      var firsts: [UInt64] = []
      var counts: [UInt64] = []
      let all = index.counts(trains: run.trainIDs.count)
      for train in trains {
        let count = UInt64(frames?.rows(of: source, group, train: train)?.count ?? all[train])
        firsts.append(next)
        counts.append(count)
        next += count
      }
      let path = group.isEmpty ? "INDEX/\(source.name)" : "INDEX/\(source.name)/\(group)"
      plan.write(Column(path: "first", values: Values(firsts), isFixed: true), below: path)
      plan.write(Column(path: "count", values: Values(counts), isFixed: true), below: path)
    }

    /// Those that the first file with any has: they are the same in all.
    private func copyRunValues(of source: Source) throws(VirtualFileError) {
      let path = "RUN/\(source.name)"
      for number in source.files {
        let file = run.files[number].reference
        let link = try reading { () throws(ReadError) in try run.hdf5.answer(file, LinkQuestion(path)) }
        guard link != nil else { continue }
        plan.copy(path, from: file.path)
        return
      }
    }

    // MARK: - Keys

    private func write(_ key: Key, _ number: Int, of source: Source, _ keys: [Key]) throws(VirtualFileError) {
      guard key.problem == nil else {
        throw refusal(key, source, key.problem ?? "")
      }
      let (index, group, forms) = try reading { () throws(ReadError) in
        (
          try run.index(ofKey: number, of: source), try run.index(ofGroup: key.group, of: source),
          try run.forms(ofKey: number, of: source)
        )
      }
      guard index.isBeginning(of: group) else {
        throw refusal(
          key, source, "it has \(index.trainsWithData) of the \(group.trainsWithData) trains of its index group")
      }
      for form in forms where form.isCommon && !form.datatype.convertsExactly(to: key.datatype) {
        throw refusal(key, source, "libhdf5 does not make \(key.datatype.name) of \(form.datatype.name)")
      }
      let describing = try reading { () throws(ReadError) in try run.describingFile(ofKey: number, of: source) }
      let common = forms.filter(\.isCommon)
      let parts = try self.parts(of: number, key, of: source, index)
      plan.write(
        CopiedDataset(
          path: key.path, file: run.files[describing].reference.path,
          object: try path(number, source, describing) ?? key.path,
          datatype: common.contains { $0.datatype != key.datatype } ? key.datatype : nil,
          entryShape: key.entryShape, parts: parts, compression: compression))
      try writeTimestamp(of: key, source, keys, describing, parts)
    }

    /// The time stamps of a control value that was selected without them.
    private func writeTimestamp(
      of key: Key, _ source: Source, _ keys: [Key], _ describing: Int, _ parts: [CopiedDataset.Part]
    ) throws(VirtualFileError) {
      guard source.kind == .control, key.isValue else { return }
      let path = key.path.dropLast("value".count) + "timestamp"
      guard !keys.contains(where: { $0.path == path }) else { return }
      let own = parts.map { part in
        CopiedDataset.Part(
          file: part.file, object: part.object.dropLast("value".count) + "timestamp", firstRow: part.firstRow,
          rows: part.rows)
      }
      let files = Dictionary(run.files.map { ($0.reference.path, $0.reference) }) { first, _ in first }
      let first = CopiedDataset.Part(
        file: run.files[describing].reference.path, object: String(path), firstRow: 0, rows: 0)
      for part in [first] + own {
        guard let file = files[part.file] else { return }
        let found = try reading { () throws(ReadError) in try run.hdf5.answer(file, DatasetQuestion(part.object)) }
        // A value of a file without them, or with fewer, has none.
        guard let found, found.shape.count == 1, part.firstRow + part.rows <= found.shape[0] else { return }
      }
      plan.write(
        CopiedDataset(
          path: String(path), file: first.file, object: first.object, entryShape: [], parts: own,
          compression: compression))
    }

    /// The rows of a key in order of train, those that follow each other in a file put together.
    private func parts(
      of number: Int, _ key: Key, of source: Source, _ index: TrainIndex
    ) throws(VirtualFileError) -> [CopiedDataset.Part] {
      var parts: [CopiedDataset.Part] = []
      func add(_ rows: Int, from row: Int, of file: Int) throws(VirtualFileError) {
        let reference = run.files[file].reference
        if let last = parts.last, last.file == reference.path, last.firstRow + last.rows == row {
          parts[parts.count - 1].rows += rows
        } else if rows > 0 {
          let object = try path(number, source, file) ?? key.path
          parts.append(CopiedDataset.Part(file: reference.path, object: object, firstRow: row, rows: rows))
        }
      }
      for segment in index.segments {
        let first = max(segment.firstTrain, trains.lowerBound)
        let end = min(segment.firstTrain + segment.trainCount, trains.upperBound)
        guard first < end else { continue }
        let row = segment.firstRow + (first - segment.firstTrain) * segment.entriesPerTrain
        guard let frames, frames.concerns(source, key.group) else {
          try add((end - first) * segment.entriesPerTrain, from: row, of: segment.file)
          continue
        }
        for train in first..<end {
          for kept in frames.rows(of: source, key.group, train: train) ?? [] where kept < segment.entriesPerTrain {
            try add(1, from: row + (train - first) * segment.entriesPerTrain + kept, of: segment.file)
          }
        }
      }
      return parts
    }

    private func path(_ number: Int, _ source: Source, _ file: Int) throws(VirtualFileError) -> String? {
      try reading { () throws(ReadError) in
        try ReadError.unlessDamaged { () throws(ReadError) in
          try run.form(ofKey: number, of: source, inFile: file).path
        }
      }
    }

    private func refusal(_ key: Key, _ source: Source, _ reason: String) -> VirtualFileError {
      VirtualFileError(
        "\(source.name), \(key.name) cannot be written: \(reason); leave it out with --deselect '\(source.name),\(key.name)'"
      )
    }
  }
}
