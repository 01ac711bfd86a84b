internal import HDF5

extension FileInspector {
  /// No entry of a real dataset is so large, in bytes: a module of a JUNGFRAU has 33 MB for a train.
  private static var largestEntry: Int { 1 << 30 }

  /// What a mount asks of a dataset before it reads any of its values: the first thing that is wrong is reported.
  mutating func checkDescription(
    _ dataset: borrowing Dataset, _ file: borrowing File, _ library: borrowing HDF5Library
  ) {
    do throws(HDF5Error) {
      let shape = try dataset.shape(library)
      let type = try dataset.datatype(library)
      let storage = try dataset.storage(library)
      if storage.layout == .virtual { _ = try dataset.virtualMappings(library) }
      if let problem = problem(shape, type.size ?? 1, storage) {
        add(.structure, problem, dataset: dataset.object)
        return
      }
      let attributes = try file.attributesAndOmissions(of: dataset.object, library)
      if let name = attributes.omissions.first {
        add(.structure, "Attribute cannot be read: \(name)", dataset: dataset.object)
      }
    } catch {
      add(.structure, "Dataset cannot be read", dataset: dataset.object, error: error)
    }
  }

  private func problem(_ shape: [Int], _ elementSize: Int, _ storage: Storage) -> String? {
    var entry = elementSize
    for extent in shape.dropFirst() {
      let (product, overflow) = entry.multipliedReportingOverflow(by: extent)
      guard !overflow else { return "Entries have more bytes than can be counted" }
      entry = product
    }
    if entry > Self.largestEntry { return "Entries have \(entry) bytes, more than any detector's" }
    let (size, overflow) = entry.multipliedReportingOverflow(by: shape.first ?? 1)
    guard !overflow else { return "Dataset has more bytes than can be counted" }
    if case .contiguous(let offset?) = storage.layout, size > 0 {
      let (end, overflow) = offset.addingReportingOverflow(UInt64(size))
      if overflow || end > fileSize { return "Data lie behind the end of the file" }
    }
    return nil
  }

  /// The datasets below RUN of a control source.
  mutating func checkRunValues(_ source: String, _ file: borrowing File, _ library: borrowing HDF5Library) {
    let section = "RUN/\(source)"
    // Files of 2017 have none.
    guard file.kind(of: section, library) == .group, let values = dataKeys(of: section, file, library) else { return }
    for value in values {
      let path = "\(section)/\(value.name)"
      do throws(HDF5Error) {
        let dataset = try file.dataset(at: value.address, object: path, library)
        checkDescription(dataset, file, library)
        if case .variableString = try dataset.datatype(library) { _ = try dataset.strings(library) }
      } catch {
        add(.structure, "Dataset cannot be read", dataset: path, error: error)
      }
    }
  }
}
