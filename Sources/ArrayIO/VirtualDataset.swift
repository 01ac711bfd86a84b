internal import Glibc
internal import HDF5
internal import Synchronization

/// A virtual dataset, resolved: which bytes of which other dataset its bytes are.
///
/// libhdf5 reads one that interleaves 16 modules at 20 MB/s, and where a source is missing gives the fill value without a word
/// (HDF5.md 4.6). Here a run of bytes goes straight to its source, and a source that is missing is an error. What no mapping
/// covers is the fill value by intent.
final class VirtualDataset: Sendable {
  private let mappings: [VirtualMapping]
  private let shape: [Int]
  /// Elements between neighbours along each axis.
  private let strides: [Int]
  private let sources = Mutex<[Int: StoredDataset]>([:])

  /// A chain of virtual datasets longer than this is a circle.
  private static let deepest = 8

  init(_ mappings: [VirtualMapping], shape: [Int]) {
    self.mappings = mappings
    self.shape = shape
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] &* max(1, shape[axis + 1]) }
    self.strides = strides
  }

  /// A stretch of elements that is contiguous here and in one source.
  private struct Stretch {
    var mapping: Int?
    /// In elements of the source, flattened.
    var sourceStart = 0
    var count: Int
  }

  func gather(
    at offset: Int, _ count: Int, of dataset: StoredDataset, into sink: inout PieceSink, depth: Int
  ) throws(ReadError) {
    guard depth < Self.deepest else { throw dataset.damaged("it is virtual, and leads back to itself") }
    let size = dataset.rowGrid.elementSize
    var hint = 0
    var done = 0
    while done < count {
      let (element, skip) = (offset + done).quotientAndRemainder(dividingBy: size)
      let stretch = try stretch(at: element, &hint, dataset)
      let length = min(count - done, stretch.count * size - skip)
      if let mapping = stretch.mapping {
        let source = try source(mapping, of: dataset)
        try source.gather(
          at: stretch.sourceStart * size + skip, length, into: &sink, isOneOfMany: true, depth: depth + 1)
      } else {
        dataset.fill(sink.reserve(length), phase: offset + done)
      }
      done += length
    }
  }

  func prefetch(at offset: Int, _ count: Int, of dataset: StoredDataset) {
    let size = dataset.rowGrid.elementSize
    var hint = 0
    var done = 0
    while done < count {
      let (element, skip) = (offset + done).quotientAndRemainder(dividingBy: size)
      guard let stretch = try? stretch(at: element, &hint, dataset) else { return }
      let length = min(count - done, stretch.count * size - skip)
      if let mapping = stretch.mapping, let source = try? source(mapping, of: dataset) {
        source.prefetch(at: stretch.sourceStart * size + skip, length, isOneOfMany: true)
      }
      done += length
    }
  }

  /// - Parameter hint: the mapping that was met last; the next stretch is mostly its own, or its neighbour's.
  private func stretch(at element: Int, _ hint: inout Int, _ dataset: StoredDataset) throws(ReadError) -> Stretch {
    var index = [Int](repeating: 0, count: shape.count)
    var rest = element
    for axis in shape.indices { (index[axis], rest) = rest.quotientAndRemainder(dividingBy: strides[axis]) }
    for step in mappings.indices {
      let number = (hint + step) % mappings.count
      if mappings[number].box.contains(index) {
        hint = number
        return try stretch(of: number, at: index, dataset)
      }
    }
    // Up to where the next mapping of this row begins, or the row ends.
    let last = shape.count - 1
    var end = shape[last]
    for mapping in mappings where mapping.box.contains(index, exceptLast: true) && mapping.box.start[last] > index[last]
    {
      end = min(end, mapping.box.start[last])
    }
    return Stretch(mapping: nil, count: end - index[last])
  }

  private func stretch(of number: Int, at index: [Int], _ dataset: StoredDataset) throws(ReadError) -> Stretch {
    let mapping = mappings[number]
    let source = try source(number, of: dataset)
    let sourceShape = source.rowGrid.shape
    guard sourceShape.count == mapping.source.start.count,
      mapping.source.fits(sourceShape)
    else { throw source.damaged("it is the source of a virtual dataset, and smaller than that needs") }
    // Axes of length 1 apart, the boxes have the same shape: position within the one is position within the other.
    var steps = zip(index, mapping.box.start).enumerated().filter { mapping.box.count[$0.offset] != 1 }
      .map { $0.element.0 - $0.element.1 }[...]
    var sourceStart = 0
    var stride = 1
    for axis in sourceShape.indices.reversed() {
      let step = mapping.source.count[axis] == 1 ? 0 : steps.popLast() ?? 0
      sourceStart += (mapping.source.start[axis] + step) * stride
      stride *= max(1, sourceShape[axis])
    }
    let here = mapping.box.wholeTail(in: shape)
    let there = mapping.source.wholeTail(in: sourceShape)
    let tail = min(here, there)
    // The elements up to the end of the contiguous tail that this one stands in.
    var inside = 0
    var unit = 1
    for axis in shape.indices.reversed() where unit < tail {
      inside += (index[axis] - mapping.box.start[axis]) * unit
      unit *= mapping.box.count[axis]
    }
    return Stretch(mapping: number, sourceStart: sourceStart, count: tail - inside % tail)
  }

  /// Says which files it leads to.
  func announceSources(of dataset: StoredDataset) throws(ReadError) {
    for name in Set(mappings.map(\.sourceFile)) where name != "." {
      let path = try path(of: name, beside: dataset.dataFile.path)
      guard let identity = FileIdentity(path: path) else { continue }
      announce(FileReference(path: path, identity: identity), of: dataset)
    }
  }

  private func announce(_ source: FileReference, of dataset: StoredDataset) {
    // A module's file is the source of many; the file that an external link leads to leads on.
    for file in [dataset.reference.file, dataset.dataFile] where file != source {
      dataset.services.files.add(linked: source, of: file)
    }
  }

  private func source(_ number: Int, of dataset: StoredDataset) throws(ReadError) -> StoredDataset {
    if let known = sources.withLock({ $0[number] }) { return known }
    let mapping = mappings[number]
    let path = try path(of: mapping.sourceFile, beside: dataset.dataFile.path)
    guard let identity = FileIdentity(path: path) else {
      let code = errno
      throw code == ENOENT ? missing(path, mapping) : .system(file: path, object: mapping.sourceObject, errno: code)
    }
    let reference = DatasetReference(
      file: FileReference(path: path, identity: identity), object: mapping.sourceObject,
      elements: dataset.reference.elements)
    announce(reference.file, of: dataset)
    let source = try StoredDataset(reference, identifier: DatasetStore.nextIdentifier(), dataset.services)
    sources.withLock { $0[number] = source }
    return source
  }

  /// As libhdf5 looks for it: where the name says, else beside the virtual dataset's file.
  private func path(of name: String, beside file: String) throws(ReadError) -> String {
    if name == "." { return file }
    let directory = file.lastIndex(of: "/").map { file[...$0] } ?? ""
    let base = name.split(separator: "/").last.map(String.init) ?? name
    let candidates = name.hasPrefix("/") ? [name, directory + base] : [directory + name]
    return candidates.first { FileIdentity(path: $0) != nil } ?? candidates[0]
  }

  private func missing(_ path: String, _ mapping: VirtualMapping) -> ReadError {
    .damaged(
      file: path, object: mapping.sourceObject, reason: "it is the source of a virtual dataset, and not there")
  }
}

extension VirtualMapping.Box {
  /// Whether all of it lies in an array of that shape.
  func fits(_ shape: [Int]) -> Bool {
    shape.count == start.count && shape.count == count.count
      && shape.indices.allSatisfy { axis in
        let (end, overflow) = start[axis].addingReportingOverflow(count[axis])
        return start[axis] >= 0 && count[axis] >= 0 && !overflow && end <= shape[axis]
      }
  }

  func contains(_ index: [Int], exceptLast: Bool = false) -> Bool {
    guard index.count == start.count else { return false }
    for axis in index.indices.dropLast(exceptLast ? 1 : 0) {
      guard index[axis] >= start[axis], index[axis] - start[axis] < count[axis] else { return false }
    }
    return true
  }

  /// How many elements of the box follow each other without a gap in an array of that shape.
  func wholeTail(in shape: [Int]) -> Int {
    var tail = 1
    for axis in shape.indices.reversed() {
      tail *= max(1, count[axis])
      if count[axis] != shape[axis] { break }
    }
    return tail
  }
}
