internal import HDF5

/// METADATA and the train ids of a file, as EXtra-data's `FileAccess` reads them when it is made, and refused for the same
/// reasons.
struct FileHeader {
  /// INDEX/trainId as it is.
  var rows: [UInt64]
  /// Without zeros.
  var trainIDs: [UInt64]
  /// By name.
  var controlSources: [String]
  var instrumentSources: [String]

  init(_ file: borrowing File, _ library: borrowing HDF5Library) throws(OpeningFailure) {
    switch file.kind(of: "INDEX/trainId", library) {
    case .dataset: break
    case nil: throw .structure("INDEX/trainId dataset not found")
    default: throw .structure("INDEX/trainId is not a dataset")
    }
    let version: String
    let identifiers: [[UInt8]]
    do throws(HDF5Error) {
      let column = try file.dataset("INDEX/trainId", library).integers(library)
      guard column.shape.count == 1 else {
        throw HDF5Error("read", file: "", reason: "INDEX/trainId has \(column.shape.count) dimensions, not 1")
      }
      rows = column.bits
      version = try Self.version(file, library)
    } catch {
      throw .structure(error.reason)
    }
    let path = version == "0.5" ? "METADATA/dataSourceId" : "METADATA/dataSources/dataSourceId"
    guard file.kind(of: path, library) == .dataset else { throw .structure("\(path) not found") }
    do throws(HDF5Error) {
      identifiers = try file.dataset(path, library).strings(library)
    } catch {
      throw .structure(error.reason)
    }
    (controlSources, instrumentSources) = try Self.sources(identifiers)
    trainIDs = rows.filter { $0 != 0 }
    // What h5py says of a missing object; a KeyError's text stands in quotes.
    if version != "0.5", !file.exists("INDEX/flag", library) {
      throw .structure("\"Unable to synchronously open object (object 'flag' doesn't exist)\"")
    }
  }

  private static func version(
    _ file: borrowing File, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> String {
    let path = "METADATA/dataFormatVersion"
    guard file.kind(of: path, library) == .dataset else { return "0.5" }
    guard let text = try file.dataset(path, library).strings(library).first else {
      throw HDF5Error("read", file: "", reason: "\(path) is empty")
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func sources(
    _ identifiers: [[UInt8]]
  ) throws(OpeningFailure) -> (control: [String], instrument: [String]) {
    var control: Set<String> = []
    var instrument: Set<String> = []
    for bytes in identifiers where !bytes.isEmpty {
      guard let identifier = String(validating: bytes, as: UTF8.self) else {
        throw .structure("a source name in METADATA is not UTF-8")
      }
      let slash = identifier.firstIndex(of: "/") ?? identifier.endIndex
      let rest = identifier[slash...].dropFirst()
      switch identifier[..<slash] {
      case "CONTROL": control.insert(String(rest))
      case "INSTRUMENT":
        let colon = rest.firstIndex(of: ":") ?? rest.endIndex
        instrument.insert("\(rest[..<colon]):\(rest[colon...].dropFirst().prefix { $0 != "/" })")
      case "Karabo_TimerServer": break
      case let category: throw .structure("Unknown data category \(PythonText.quoted(String(category)))")
      }
    }
    func sorted(_ names: Set<String>) -> [String] { names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    return (sorted(control), sorted(instrument))
  }
}
