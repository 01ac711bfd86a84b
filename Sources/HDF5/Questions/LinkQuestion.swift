internal import CHDF5
public import Wire

/// What the link at a path is, without following it. The answer is nil where there is none.
public struct LinkQuestion: AnswerableQuestion {
  public typealias Answer = LinkKind?
  public var path: String

  public init(_ path: String) { self.path = path }

  public func write(to writer: inout WireWriter) { writer.put(path) }
  public init(from reader: inout WireReader) throws(WireReader.Garbled) { path = try reader.text() }

  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> LinkKind? {
    file.link(at: path, library)
  }
}

/// The names of the links in a group, sorted. The answer is nil where there is no such group.
public struct LinksQuestion: AnswerableQuestion {
  public typealias Answer = [LinkName]?
  public var group: String

  public init(in group: String) { self.group = group }

  public func write(to writer: inout WireWriter) { writer.put(group) }
  public init(from reader: inout WireReader) throws(WireReader.Garbled) { group = try reader.text() }

  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> [LinkName]? {
    guard file.kind(of: group, library) == .group else { return nil }
    return try file.links(in: group, library).map { LinkName(name: $0) }
  }
}

/// The name of a link in its group.
public struct LinkName: Hashable, Sendable, WireValue {
  public var name: String

  init(name: String) { self.name = name }

  public func write(to writer: inout WireWriter) { writer.put(name) }
  public init(from reader: inout WireReader) throws(WireReader.Garbled) { name = try reader.text() }
}

extension LinkKind: WireValue {
  public func write(to writer: inout WireWriter) {
    switch self {
    case .hard: writer.put(byte: 0)
    case .soft(let target):
      writer.put(byte: 1)
      writer.put(target)
    case .external(let file, let object):
      writer.put(byte: 2)
      writer.put(file)
      writer.put(object)
    }
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    switch try reader.byte() {
    case 0: self = .hard
    case 1: self = .soft(target: try reader.text())
    case 2: self = .external(file: try reader.text(), object: try reader.text())
    default: throw WireReader.Garbled()
    }
  }
}
