public import HDF5
internal import Synchronization

/// The value of a property at the start of the run, from the RUN section.
public struct RunValue: Hashable, Sendable {
  public typealias Contents = FirstEntry.Contents
  /// As in ``Key/name``, without `.value`.
  public var key: String
  /// Extents; empty for a single value.
  public var shape: [Int]
  public var contents: Contents
}

/// One dataset of METADATA.
public struct MetadataValue: Hashable, Sendable {
  public enum Contents: Hashable, Sendable {
    case text(String)
    case number(Int64)
  }
  public var name: String
  public var contents: Contents
}

extension Run {
  /// Properties of a control source at the start of the run, sorted by key. Empty where it has none.
  ///
  /// From the first of its files that has them: they are the same in all (EXDF.md 2.5).
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone. A file that is damaged costs nothing but itself.
  public func runValues(of source: Source) throws(ReadError) -> [RunValue] {
    if let values = source.cache.withLock({ $0.runValues }) { return values }
    var values: [RunValue] = []
    for file in source.files {
      let question = FirstEntriesQuestion(below: "RUN/\(source.name)", suffix: "/value")
      switch try hdf5.ask(files[file].reference, question) {
      case .failure(let error):
        report("\(error)")
        continue
      case .success(nil): continue
      case .success(let entries?):
        values = entries.map { entry in
          let path = entry.path.dropLast("/value".count)
          return RunValue(key: String(path.map { $0 == "/" ? "." : $0 }), shape: entry.shape, contents: entry.contents)
        }
      }
      break
    }
    values.sort { $0.key.precedes($1.key) }
    source.cache.withLock { $0.runValues = values }
    return values
  }

  /// The Karabo classes of devices, as `run[source].device_class`; nil for instrument sources, and where no file says it.
  ///
  /// Of all sources in one visit of each file.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func deviceClasses(of sources: [Source]) throws(ReadError) -> [String?] {
    var open: [Int: [Source]] = [:]
    for source in sources where source.kind == .control && source.cache.withLock({ $0.deviceClass == nil }) {
      open[source.files[0], default: []].append(source)
    }
    for (file, sources) in open {
      let questions = sources.map { StringsQuestion("RUN/\($0.name)/classId/value") }
      for (source, answer) in zip(sources, try hdf5.ask(files[file].reference, questions)) {
        var name = try? answer.get()?.strings.first.map { String(decoding: $0, as: UTF8.self) }
        // A file without the RUN group of a source that it has: another says it.
        if name == nil, source.files.count > 1 {
          name = try runValues(of: source).first { $0.key == "classId" }.flatMap { value in
            guard case .strings(let strings) = value.contents else { return nil }
            return strings.first.map { String(decoding: $0, as: UTF8.self) }
          }
        }
        let found = name
        source.cache.withLock { $0.deviceClass = .some(found) }
      }
    }
    return sources.map { source in source.cache.withLock { $0.deviceClass ?? nil } }
  }

  /// The datasets directly under METADATA, sorted by name; for the first format its version alone, as `run_metadata()`.
  ///
  /// - Parameter number: of which file: a directory can hold files of several runs.
  /// - Throws: ``HDF5/ReadError``.
  public func metadata(ofFile number: Int = 0) throws(ReadError) -> [MetadataValue] {
    let file = files[number]
    guard try file.version(hdf5).isNested else {
      return [MetadataValue(name: "dataFormatVersion", contents: .text(FormatVersion.unversioned.text))]
    }
    let names = try hdf5.answer(file.reference, LinksQuestion(in: "METADATA"))?.map(\.name) ?? []
    var batch = QuestionBatch()
    let tickets = names.map { name in
      (
        text: batch.add(StringsQuestion("METADATA/\(name)")),
        number: batch.add(IntegersQuestion("METADATA/\(name)", limit: 1))
      )
    }
    let answers = try hdf5.ask(file.reference, batch)
    var values: [MetadataValue] = []
    for (name, ticket) in zip(names, tickets) {
      if case .success(let texts?) = answers[ticket.text], let text = texts.strings.first {
        values.append(MetadataValue(name: name, contents: .text(String(decoding: text, as: UTF8.self))))
      } else if case .success(let column?) = answers[ticket.number], let number = column.bits.first {
        values.append(MetadataValue(name: name, contents: .number(Int64(bitPattern: number))))
      }
    }
    return values
  }
}
