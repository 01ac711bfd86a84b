internal import ArrayIO
public import EXDF
public import HDF5
internal import NPY
public import RunArrays

/// The texts in a detector's directory.
public enum DetectorReports {
  /// `modules.csv`: the modules that are there.
  public static func modules(of detector: Detector) throws(ReadError) -> [UInt8] {
    var csv = CSV(header: ["module", "source", "trains_with_data"])
    let main = try detector.key(named: detector.type.mainKey)
    try detector.loadRows()
    for (number, module) in detector.modules.enumerated() {
      csv.field(number: module.number)
      csv.field(module.source.name)
      var trains = 0
      if let main { trains = try detector.index(of: main, module: number).trainsWithData }
      csv.field(number: trains)
      csv.endLine()
    }
    return csv.bytes
  }

  /// More rows than this are an array's business: frames.csv then ends before it begins, and info.txt says so.
  private static let mostRows = 64 << 20
  /// Frames whose ids are read at a time.
  private static let batch = 1 << 16

  /// `frames.csv`: one row per stacked frame.
  public static func frames(of detector: Detector) throws(ReadError) -> [UInt8] {
    var csv = CSV(header: ["index", "train_id", "pulse_id", "cell_id"])
    let frameIndex = try detector.frameIndex
    guard frameIndex.entries <= mostRows else { return csv.bytes }
    var index = 0
    try forEachBatch(of: detector) { trains, pulses, cells throws(ReadError) in
      var frame = 0
      for train in trains {
        for _ in 0..<(frameIndex.location(ofTrain: train)?.rows ?? 0) {
          csv.field(number: index)
          csv.field(number: detector.run.trainIDs[train])
          for labels in [pulses, cells] {
            if frame < labels.values.count, let label = labels.values[frame] {
              csv.field(number: label)
            } else {
              csv.emptyField()
            }
          }
          csv.endLine()
          index += 1
          frame += 1
        }
      }
    }
    return csv.bytes
  }

  /// Gives `body` the ids of all frames, some trains at a time.
  private static func forEachBatch(
    of detector: Detector, _ body: (Range<Int>, FrameLabels, FrameLabels) throws(ReadError) -> Void
  ) throws(ReadError) {
    let index = try detector.frameIndex
    var next = index.nextTrain(from: 0)
    while let first = next, let start = index.location(ofTrain: first) {
      let (lastEntry, _) = start.firstEntry.addingReportingOverflow(batch)
      // Whole trains, and at least one.
      let end = max(first + 1, index.train(ofEntry: lastEntry)?.train ?? detector.run.trainIDs.count)
      let pulses = try detector.labels(.pulse, trains: first..<end)
      let cells = try detector.labels(.cell, trains: first..<end)
      try body(first..<end, pulses, cells)
      next = index.nextTrain(from: end)
    }
  }

  /// `info.txt`.
  public static func info(of detector: Detector, in arrays: RunArrays) throws(ReadError) -> [UInt8] {
    var text = Text()
    let frames = try detector.frames
    let frameIndex = try detector.frameIndex
    let isRaw = try detector.isRaw
    let keys = try detector.keys
    let run = detector.run
    let numbers = detector.modules.map { "\($0.number)" }.joined(separator: " ")
    text.append(line: detector.name)
    text.append(line: "type:             \(detector.type.name)")
    text.append(line: "data:             \(isRaw ? "raw" : "corrected")")
    text.append(line: "modules present:  \(detector.modules.count) of \(detector.width): \(numbers)")
    text.append(line: "module shape:     \(detector.type.moduleShape.map(String.init).joined(separator: " x "))")
    text.append(line: "trains with data: \(frames.entries.trainsWithData) of \(run.trainIDs.count)")
    text.append(line: "frames per train: \(framesPerTrain(frameIndex))")
    text.append(line: "frames:           \(frameIndex.entries)")
    text.append(line: "frames matched:   \(matching(frames, detector))")
    if frames.trainsLeftOut > 0 {
      text.append(
        line:
          "left out:         \(frames.trainsLeftOut) trains with fewer than \(detector.selection.minModules) modules")
    }
    if frames.trainsRefused > 0 {
      text.append(line: "left out:         \(frames.trainsRefused) trains whose modules have absurd numbers of frames")
    }
    if frameIndex.entries > mostRows {
      text.append(line: "frames.csv:       left empty: it would have more than \(mostRows) rows")
    }
    for line in try disagreements(detector) { text.append(line: line) }
    for remark in detector.remarks + keys.flatMap(\.remarks) {
      text.append(line: "note:             \(remark)")
    }
    text.append(line: "")
    text.append(line: "keys of \(detector.type.group), as stacked")
    for key in keys {
      do throws(ReadError) {
        let description = try arrays.description(of: key, of: detector)
        text.append(line: "  \(key.name)", "\(description.element.descriptor) \(Shape.literal(description.shape))")
      } catch {
        guard case .damaged(let damage) = error else { throw error }
        text.append(line: "  \(key.name)", "no array: \(arrays.obstacle(to: key) ?? damage.description)")
      }
    }
    return text.bytes
  }

  private static func framesPerTrain(_ index: TrainIndex) -> String {
    let counts = Set(index.segments.map(\.entriesPerTrain))
    guard let least = counts.min(), let most = counts.max() else { return "0" }
    return least == most ? "\(least)" : "\(least) to \(most)"
  }

  private static func matching(_ frames: FrameTable, _ detector: Detector) -> String {
    let matchings = frames.matchings
    guard !matchings.isEmpty else { return "by position: in every train the modules recorded the same number" }
    let examples = list(matchings.keys.sorted(), detector)
    let how =
      frames.lacksPulseIDs
      ? "by position, because there are no pulse ids that can be read," : "by pulse id over the union of the pulse ids"
    return "\(how) in \(matchings.count) trains whose modules recorded different numbers: \(examples)"
  }

  private static func list(_ trains: [Int], _ detector: Detector) -> String {
    let first = trains.prefix(10).map { "\(detector.run.trainIDs[$0])" }.joined(separator: " ")
    return trains.count > 10 ? first + " ..." : first
  }

  /// Frames for which the modules have different pulse or cell ids.
  private static func disagreements(_ detector: Detector) throws(ReadError) -> [String] {
    let index = try detector.frameIndex
    guard index.entries <= mostRows else { return [] }
    var found: [(frames: Int, trains: [Int])] = [(0, []), (0, [])]
    do throws(ReadError) {
      try forEachBatch(of: detector) { trains, pulses, cells throws(ReadError) in
        let start = index.location(ofTrain: trains.lowerBound)?.firstEntry ?? 0
        for (number, labels) in [pulses, cells].enumerated() {
          found[number].frames += labels.disagreements.count
          for frame in labels.disagreements {
            guard let train = index.train(ofEntry: start + frame)?.train else { continue }
            if found[number].trains.last != train { found[number].trains.append(train) }
          }
        }
      }
    } catch {
      guard case .damaged(let error) = error else { throw error }
      return ["ids:              not compared between modules: \(error)"]
    }
    return zip(["pulse", "cell"], found).filter { $0.1.frames > 0 }.map { name, found in
      "\(name) ids:\(name == "cell" ? " " : "")        the modules disagree in \(found.frames) frames of "
        + "\(found.trains.count) trains: \(list(found.trains, detector)); the smallest one counts"
    }
  }
}
