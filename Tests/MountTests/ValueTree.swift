import HDF5
import Synchronization
import Threads

@testable import Tree

/// A tree made of values: directories of names, files of bytes, and places that fail or have to be waited for.
final class ValueDirectory: DirectoryObject {
  let identity: ObjectIdentity
  let tree: RunTree? = nil
  private let list: [Child]
  /// Whether it has to be waited for.
  private let isSlow: Bool

  init(_ identity: ObjectIdentity, _ children: [Child], isSlow: Bool = false) {
    self.identity = identity
    list = children
    self.isSlow = isSlow
  }

  func isNode(at position: Int) -> Bool { position == 0 }
  func scope(at position: Int) -> FileScope { .names }
  func modified(at position: Int) -> Time { Time(seconds: 7, nanoseconds: 8) }

  func children(at position: Int) throws(TreeError) -> Children {
    if isSlow, !Request.current.mayWait { throw .mustWait }
    return .list(list)
  }
}

final class ValueFile: LeafObject {
  let identity: ObjectIdentity
  let tree: RunTree? = nil
  let generated = GeneratedFiles(progress: { 0 })
  private let text: Result<[UInt8], ReadError>
  private let isVolatile: Bool
  let isSlow: Bool

  init(_ identity: ObjectIdentity, _ text: Result<[UInt8], ReadError>, isVolatile: Bool = false, isSlow: Bool = false) {
    self.identity = identity
    self.text = text
    self.isVolatile = isVolatile
    self.isSlow = isSlow
  }

  func isNode(at position: Int) -> Bool { position == 0 }
  func scope(at position: Int) -> FileScope { .names }
  func modified(at position: Int) -> Time { Time(seconds: 5) }

  func content(at position: Int) throws(TreeError) -> Content {
    if isSlow, !Request.current.mayWait { throw .mustWait }
    let text = text
    if isVolatile { return generated.volatile(ChangingText(text: (try? text.get()) ?? [])) }
    return generated.cheap { () throws(ReadError) in try text.get() }
  }

  func extendedAttributes(at position: Int) -> [String: String] { ["dtype": "<f4"] }
}

private struct ChangingText: VolatileFile {
  let text: [UInt8]
  var latestSize: Int? { nil }
  func bytes(_ isInterrupted: () -> Bool) -> [UInt8]? { text }
}

final class ValueLink: LinkObject {
  let identity: ObjectIdentity
  let tree: RunTree? = nil

  init(_ identity: ObjectIdentity) { self.identity = identity }

  func isNode(at position: Int) -> Bool { position == 0 }
  func scope(at position: Int) -> FileScope { .names }
  func modified(at position: Int) -> Time { Time(seconds: 5) }
  func target(at position: Int) -> String { "text.txt" }
}
