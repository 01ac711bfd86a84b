extension Run {
  /// No detector has more modules; a larger number in a source name is damage, and would make the stack as wide.
  private static let mostModules = 1024

  /// The multi-module detectors among the instrument sources, by name. Source names only: nothing is read.
  ///
  /// Legacy names are links to corrected data, so they are no raw detector of their own.
  /// - Parameter report: told in one sentence of every detector and module that is left out.
  public func detectors(_ selection: DetectorSelection, report: (String) -> Void) -> [Detector] {
    var detectors: [Detector] = []
    for type in DetectorType.all {
      var groups: [String: (raw: [Member], corrected: [Member])] = [:]
      for source in sources where source.kind == .instrument && source.legacyTarget == nil {
        guard let module = type.module(in: source.name) else { continue }
        let member = Member(number: module.number, source: source)
        if module.isCorrected {
          groups[module.detector, default: ([], [])].corrected.append(member)
        } else {
          groups[module.detector, default: ([], [])].raw.append(member)
        }
      }
      for (name, members) in groups {
        let both = !members.raw.isEmpty && !members.corrected.isEmpty
        let parts = [(name, members.corrected), (both ? "\(name).raw" : name, members.raw)]
        for (treeName, members) in parts where !members.isEmpty {
          if let detector = detector(type, treeName, name, members, selection, report) { detectors.append(detector) }
        }
      }
    }
    detectors.sort { $0.name.precedes($1.name) }
    // A name can fit two types, or be another one's with .raw: the tree has room for the first.
    var unique: [Detector] = []
    for detector in detectors {
      if unique.last?.name == detector.name {
        report("there are two detectors \(detector.name); the \(detector.type.name) is left out")
      } else {
        unique.append(detector)
      }
    }
    return unique
  }

  private struct Member {
    var number: Int
    var source: Source
  }

  private func detector(
    _ type: DetectorType, _ name: String, _ detectorName: String, _ members: [Member],
    _ selection: DetectorSelection, _ report: (String) -> Void
  ) -> Detector? {
    let first = type.firstModule
    // JUNGFRAU: from the data, before any are selected, as EXtra-data does.
    let numbers = members.map(\.number).filter { $0 >= first && $0 - first < Self.mostModules }
    let width = type.moduleCount ?? numbers.max().map { $0 - first + 1 } ?? 0
    var modules: [Int: Detector.Module] = [:]
    var remarks: [String] = []
    for member in members {
      let slot = member.number - first
      if let ranges = selection.modules, !ranges.contains(where: { $0.contains(member.number) }) { continue }
      if slot < 0 || slot >= width {
        remarks.append("\(member.source.name) is left out: \(type.name) has no module \(member.number)")
      } else if let other = modules[slot] {
        remarks.append("\(member.source.name) is left out: \(other.source.name) is the same module")
      } else {
        modules[slot] = Detector.Module(number: member.number, slot: slot, source: member.source)
      }
    }
    for remark in remarks { report("detector \(name): \(remark)") }
    guard !modules.isEmpty else {
      report("the detector \(name) is left out: none of its modules is selected")
      return nil
    }
    return Detector(
      self, type, name: name, detectorName: detectorName, modules: modules.values.sorted { $0.slot < $1.slot },
      width: width, selection, remarks: remarks)
  }
}
