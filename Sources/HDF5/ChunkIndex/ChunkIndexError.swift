/// Why a chunk index could not be read. Addresses are as in the file's structures: without the user block.
public enum ChunkIndexError: Error, Hashable, Sendable {
  /// A system call failed with this `errno`.
  case system(call: String, errno: Int32)
  /// A structure, or a chunk, reaches over the end of the file.
  case outsideFile(what: String, address: UInt64, size: UInt64)
  /// A structure contradicts the format or what is known of the dataset.
  case malformed(what: String, address: UInt64)
  /// The numbers given for the dataset (rank, dimensions, chunk shape) make no grid.
  case impossibleShape(String)
  /// A chunk or a row that the dataset does not have.
  case outOfRange(UInt64, limit: UInt64)
  /// A libhdf5 call failed.
  case library(call: String, detail: String)
}

extension ChunkIndexError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .system(let call, let errno): "\(call) failed (errno \(errno))"
    case .outsideFile(let what, let address, let size):
      "\(what) of \(size) bytes at address \(address) is not inside the file"
    case .malformed(let what, let address): "chunk index at address \(address): \(what)"
    case .impossibleShape(let why): "impossible chunk grid: \(why)"
    case .outOfRange(let number, let limit): "\(number) is not below \(limit)"
    case .library(let call, let detail): detail.isEmpty ? "\(call) failed" : "\(call) failed: \(detail)"
    }
  }
}
