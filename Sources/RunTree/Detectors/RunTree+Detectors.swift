internal import ArrayIO
public import EXDF
internal import NPY
internal import Reports
internal import RunArrays

// What is where below `detectors/`, and what it holds.

extension RunTree {
  /// The detectors of the tree, by name.
  public var stackedDetectors: [Detector] { detectors.all }

  func detector(_ number: Int) throws(TreeError) -> Detector {
    guard number < detectors.all.count else { throw .notFound(reason: nil) }
    return detectors.all[number]
  }

  /// The key at a place, if it can be stacked.
  func detectorKey(_ number: Int, of detector: Detector) throws(TreeError) -> DetectorKey {
    guard isListed(number, of: detector) else { throw .notFound(reason: nil) }
    return detector.keys[number]
  }

  func isListed(_ key: Int, of detector: Detector) -> Bool {
    key < min(detector.keys.count, DetectorNode.mostKeys) && arrays.obstacle(to: detector.keys[key]) == nil
      && detector.keys[key].name.utf8.count <= FileNames.longest
  }

  /// The files in a detector's directory: without what it has no keys for.
  func detectorFiles(_ detector: Detector) -> [DetectorFile] {
    DetectorFile.allCases.filter { file in
      switch file {
      case .pulseIDs: detector.key(of: .pulse) != nil
      case .cellIDs: detector.key(of: .cell) != nil
      default: true
      }
    }
  }

  /// Whether a key can be taken apart by frames: cells lie along the first axis of an entry.
  func hasFrames(_ key: DetectorKey, of detector: Detector) -> Bool {
    !detector.type.hasCells || key.entryShape.first == detector.framesPerEntry
  }

  /// The text of a detector's file, without those that are made in the background.
  func detectorText(_ node: DetectorNode) -> [UInt8] {
    guard case .file(let number, .modules) = node, number < detectors.all.count else { return [] }
    return DetectorReports.modules(of: detectors.all[number])
  }

  /// The text of a file that is made in the background, and how.
  func slowText(_ node: DetectorNode) -> (file: TreeDetectors.Text, make: @Sendable () -> Result<[UInt8], ArrayError>)?
  {
    guard case .file(let number, let file) = node, let text = detectors.slowText(file, of: number) else { return nil }
    let detector = detectors.all[number]
    let arrays = arrays
    return (
      text,
      {
        guard file == .frames else { return .success(DetectorReports.info(of: detector, in: arrays)) }
        do throws(ArrayError) {
          return .success(try DetectorReports.frames(of: detector))
        } catch {
          return .failure(error)
        }
      }
    )
  }

  /// What a `.npy` below `detectors/` holds; nil for a text.
  func detectorDescription(_ node: DetectorNode) throws(TreeError) -> ArrayDescription? {
    guard let number = node.detector else { return nil }
    let detector = try detector(number)
    do throws(ArrayError) {
      switch node {
      case .array(_, let key):
        return try arrays.description(of: try listed(key, of: detector), of: detector)
      case .train(_, let key, let train):
        return try arrays.description(of: try listed(key, of: detector), of: detector, train: train)
      default: break
      }
    } catch {
      throw .unreadable(error)
    }
    return try detectorArray(node)?.description
  }

  /// The array of a `.npy` below `detectors/`; nil for a text.
  func detectorArray(_ node: DetectorNode) throws(TreeError) -> (any ArraySource)? {
    guard let number = node.detector else { return nil }
    let detector = try detector(number)
    switch node {
    case .file(_, .trainIDs): return TrainIDArray(of: detector.frameIndex, in: run)
    case .file(_, .pulseIDs): return FrameLabelArray(.pulse, of: detector)
    case .file(_, .cellIDs): return FrameLabelArray(.cell, of: detector)
    case .file(_, .availability): return AvailabilityArray(of: detector)
    case .array(let number, let key): return try stack(number, key, trains: 0..<run.trainIDs.count)
    case .train(_, let key, let train): return try trainStack(detector, key, train)
    case .frame(_, let key, let train, let number): return try frame(number, of: train, key, detector)
    default: return nil
    }
  }

  /// The stack of a key over a range of trains.
  func stack(_ number: Int, _ key: Int, trains: Range<Int>) throws(TreeError) -> any ArraySource {
    let detector = try self.detector(number)
    let key = try detectorKey(key, of: detector)
    do throws(ArrayError) {
      return try arrays.stackedArray(of: key, of: detector, trains: trains, fill: detectors.fills[key.name])
    } catch {
      throw .unreadable(error)
    }
  }

  private func trainStack(_ detector: Detector, _ number: Int, _ train: Int) throws(TreeError) -> any ArraySource {
    let key = try detectorKey(number, of: detector)
    do throws(ArrayError) {
      let array = try arrays.stackedArray(of: key, of: detector, train: train, fill: detectors.fills[key.name])
      if let array { return array }
    } catch {
      throw .unreadable(error)
    }
    throw .notFound(reason: nil)
  }

  /// One frame: a slice of its train.
  private func frame(
    _ frame: Int, of train: Int, _ key: Int, _ detector: Detector
  ) throws(TreeError) -> any ArraySource {
    let stack = try trainStack(detector, key, train)
    let rows = detector.frames.entries.location(ofTrain: train)?.rows ?? 0
    let perEntry = detector.framesPerEntry
    let isDeep = detector.type.hasCells && rows != 1
    do throws(Slice.Invalid) {
      return try SlicedArray(stack, try Slice(isDeep ? "\(frame / perEntry),\(frame % perEntry)" : "\(frame)"))
    } catch {
      throw .notFound(reason: nil)
    }
  }

  /// For where a missing key is an error of reading.
  private func listed(_ key: Int, of detector: Detector) throws(ArrayError) -> DetectorKey {
    guard isListed(key, of: detector) else {
      throw .damaged(file: run.path, object: "detector \(detector.name)", reason: "there is no such key")
    }
    return detector.keys[key]
  }
}
