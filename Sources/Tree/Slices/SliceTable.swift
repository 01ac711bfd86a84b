internal import NPY
internal import Synchronization

/// The names that are not listed but have been opened: slices, and ranges of trains.
///
/// The one part of the tree that cannot be computed from a number. An entry lives as long as the kernel knows its node.
final class SliceTable: Sendable {
  /// What a slice is taken of.
  enum Base: Hashable, Sendable {
    /// An array that is listed.
    case array(Node)
    /// All entries of the trains at these positions, of a directory that lists trains (``TrainRangeDirectory``).
    case trains(Node, Range<Int>)

    /// The array, or the directory.
    var node: Node {
      switch self {
      case .array(let node), .trains(let node, _): node
      }
    }
  }
  struct Entry: Hashable, Sendable {
    var base: Base
    var slice: Slice?
    /// What is made of it; nil for the array itself.
    var product: Product?
  }
  private struct State {
    var numbers: [Entry: Int] = [:]
    var entries: [Int: (entry: Entry, uses: UInt64)] = [:]
    var next = 0
  }
  private let state = Mutex(State())

  /// The number of an entry, used once more.
  func intern(_ entry: Entry) -> Int {
    state.withLock { state in
      if let number = state.numbers[entry] {
        state.entries[number]?.uses += 1
        return number
      }
      let number = state.next
      state.next += 1
      state.numbers[entry] = number
      state.entries[number] = (entry, 1)
      return number
    }
  }

  subscript(number: Int) -> Entry? { state.withLock { $0.entries[number]?.entry } }

  /// Takes back `count` uses.
  func forget(_ number: Int, count: UInt64) {
    state.withLock { state in
      guard let known = state.entries[number] else { return }
      if known.uses > count {
        state.entries[number]?.uses = known.uses - count
      } else {
        state.entries[number] = nil
        state.numbers[known.entry] = nil
      }
    }
  }
}
