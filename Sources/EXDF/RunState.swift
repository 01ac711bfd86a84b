internal import Glibc
internal import HDF5

/// The files of a run as they are at one moment: equal for as long as no file has come, gone, or changed.
public struct RunState: Hashable, Sendable {
  /// By path; nil for what cannot be looked at.
  private var files: [String: FileIdentity?] = [:]

  /// Looks at the directories and the files in them.
  ///
  /// - Parameter include: which files by name, as a glob; nil for all.
  /// - Throws: ``EXDFError`` where a directory cannot be read.
  public init(of location: RunLocation, include: String? = nil) throws(EXDFError) {
    for path in location.parts {
      let listing = try RunListing(path: path, include: include)
      for name in listing.names {
        let path = "\(listing.directory)/\(name)"
        files[path] = FileIdentity(path: path)
      }
    }
  }
}
