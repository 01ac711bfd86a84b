import ArrayIO
import NPY
import Testing

@testable import HDF5

/// What numpy makes of each datatype: as h5py maps it.
@Suite struct RepresentationTests {
  static let u1 = Datatype.integer(size: 1, signed: false, order: .little, isWhole: true)
  static let f4 = Datatype.float(size: 4, order: .little)
  static let f8 = Datatype.float(size: 8, order: .little)
  static let text = Datatype.variableString(isUTF8: true)

  static func compound(_ size: Int, _ fields: [(String, Int, Datatype)]) -> Datatype {
    .compound(size: size, fields: fields.map { Datatype.Field(name: $0.0, offset: $0.1, type: $0.2) })
  }

  static let elements: [(Datatype, String, [Int])] = [
    (u1, "|u1", []), (.integer(size: 2, signed: false, order: .big, isWhole: true), ">u2", []),
    // Odd precisions are widened on reading.
    (.integer(size: 4, signed: true, order: .little, isWhole: false), "<i4", []),
    (.float(size: 2, order: .big), ">f2", []), (f8, "<f8", []), (.float(size: 16, order: .little), "<f16", []),
    (.fixedString(length: 7, padding: .spacePadded, isUTF8: true), "|S7", []),
    (.enumeration(base: u1, members: ["FALSE": 0, "TRUE": 1]), "|b1", []),
    (.enumeration(base: u1, members: ["A": 0]), "|u1", []),
    (.bitfield(size: 4, order: .little), "<u4", []), (.opaque(size: 5, tag: "?"), "|V5", []),
    (.opaque(size: 8, tag: "NUMPY:M8[ns]"), "<M8[ns]", []), (.opaque(size: 8, tag: "NUMPY:<m8[s]"), "<m8[s]", []),
    (.opaque(size: 8, tag: "NUMPY:>M8[us]"), ">M8[us]", []),
    // Tags that are no such type, and one that would break out of the header.
    (.opaque(size: 4, tag: "NUMPY:M8[ns]"), "|V4", []), (.opaque(size: 8, tag: "NUMPY:X8"), "|V8", []),
    (.opaque(size: 8, tag: "NUMPY:M8', 'x"), "|V8", []), (.opaque(size: 8, tag: "NUMPY:"), "|V8", []),
    (.array(base: f4, shape: [2, 3]), "<f4", [2, 3]),
    (.array(base: .array(base: u1, shape: [4]), shape: [2]), "|u1", [2, 4]),
    (compound(8, [("r", 0, f4), ("i", 4, f4)]), "<c8", []), (compound(16, [("r", 0, f8), ("i", 8, f8)]), "<c16", []),
    // Close to complex, but not it.
    (compound(8, [("i", 0, f4), ("r", 4, f4)]), "[('i', '<f4'), ('r', '<f4')]", []),
    (compound(12, [("r", 0, f4), ("i", 4, f8)]), "[('r', '<f4'), ('i', '<f8')]", []),
    (compound(10, [("r", 0, f4), ("i", 4, f4)]), "[('r', '<f4'), ('i', '<f4'), ('', '|V2')]", []),
    (compound(16, [("b", 8, f8), ("a", 0, u1)]), "[('a', '|u1'), ('', '|V7'), ('b', '<f8')]", []),
    (compound(9, [("m", 0, .array(base: f4, shape: [2])), ("n", 8, u1)]), "[('m', '<f4', (2,)), ('n', '|u1')]", []),
  ]

  @Test(arguments: elements.indices)
  func elementsHaveNames(_ number: Int) throws {
    let (type, descriptor, inner) = Self.elements[number]
    guard case .element(let element, let innerShape) = Representation(type) else {
      Issue.record("no element: \(Representation(type))")
      return
    }
    #expect(element.descriptor == descriptor && innerShape == inner)
    // What is read is as large as what the header says.
    #expect(inner.reduce(element.size, *) == type.size)
  }

  @Test func stringsHaveTheLengthOfTheLongest() {
    #expect(Representation(Self.text) == .variableStrings)
  }

  static let refused: [Datatype] = [
    .unsupported("references"), .array(base: text, shape: [2]), compound(16, [("s", 0, text)]), compound(4, []),
    compound(8, [("x", 0, .unsupported("references"))]),
    // Fields that overlap, or lie outside.
    compound(8, [("a", 0, f4), ("b", 2, f4)]), compound(6, [("a", 0, f4), ("b", 4, f4)]),
    compound(8, [("a", Int.max, u1)]), compound(8, [("a", 0, compound(4, []))]),
    .enumeration(base: .unsupported("odd"), members: [:]),
  ]

  @Test(arguments: refused)
  func whatNPYCannotSay(_ type: Datatype) {
    guard case .none(let reason) = Representation(type) else {
      Issue.record("not refused")
      return
    }
    #expect(!reason.isEmpty)
  }
}
