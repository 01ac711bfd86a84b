import RawHDF5
import TestRuns
import Testing

@testable import HDF5

@Suite struct DatatypeTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var raw: RawType
    var expected: Datatype
    var size: Int?
    var isVerbatim: Bool

    init(_ name: String, _ raw: RawType, _ expected: Datatype, size: Int?, isVerbatim: Bool = true) {
      testDescription = name
      self.raw = raw
      self.expected = expected
      self.size = size
      self.isVerbatim = isVerbatim
    }
  }

  static func integer(_ size: Int, _ signed: Bool, _ order: ByteOrder = .little) -> Datatype {
    .integer(size: size, signed: signed, order: order, isWhole: true)
  }

  static let cases: [Case] = [
    Case("u1", .uint8, integer(1, false), size: 1), Case("i1", .int8, integer(1, true), size: 1),
    Case("u2", .uint16, integer(2, false), size: 2), Case("i4", .int32, integer(4, true), size: 4),
    Case("u8", .uint64, integer(8, false), size: 8),
    Case(">u2", .integer(size: 2, signed: false, bigEndian: true), integer(2, false, .big), size: 2),
    Case(">i8", .integer(size: 8, signed: true, bigEndian: true), integer(8, true, .big), size: 8),
    Case(
      "12 bits", .integer(size: 2, signed: false, precision: 12),
      .integer(size: 2, signed: false, order: .little, isWhole: false), size: 2, isVerbatim: false),
    Case(
      "3 bytes", .integer(size: 3, signed: false), .unsupported("integers of 3 bytes"), size: nil, isVerbatim: false),
    Case("f2", .float(size: 2), .float(size: 2, order: .little), size: 2),
    Case(">f2", .float(size: 2, bigEndian: true), .float(size: 2, order: .big), size: 2),
    Case("f4", .float32, .float(size: 4, order: .little), size: 4),
    Case(">f4", .float(size: 4, bigEndian: true), .float(size: 4, order: .big), size: 4),
    Case("f8", .float64, .float(size: 8, order: .little), size: 8),
    Case("f16", .longDouble, .float(size: 16, order: .little), size: 16, isVerbatim: false),
    Case(
      "bfloat16", .bfloat16, .unsupported("floats of 2 bytes that are not IEEE 754"), size: nil, isVerbatim: false),
    Case(
      "S5", .fixedString(length: 5), .fixedString(length: 5, padding: .nullPadded, isUTF8: false), size: 5),
    Case(
      "S5 ending with NUL", .fixedString(length: 5, padding: .nullTerminated, isUTF8: true),
      .fixedString(length: 5, padding: .nullTerminated, isUTF8: true), size: 5, isVerbatim: false),
    Case(
      "S5 padded with blanks", .fixedString(length: 5, padding: .spacePadded),
      .fixedString(length: 5, padding: .spacePadded, isUTF8: false), size: 5, isVerbatim: false),
    Case("str", .variableString(), .variableString(isUTF8: true), size: nil, isVerbatim: false),
    Case("ASCII", .variableString(isUTF8: false), .variableString(isUTF8: false), size: nil, isVerbatim: false),
    Case(
      "bool", .boolean, .enumeration(base: integer(1, true), members: ["FALSE": 0, "TRUE": 1]), size: 1),
    Case(
      "bool of 4 bytes", .enumeration(.int32, [("FALSE", 0), ("TRUE", 1)]),
      .enumeration(base: integer(4, true), members: ["FALSE": 0, "TRUE": 1]), size: 1, isVerbatim: false),
    Case(
      "enum", .enumeration(.int16, [("LOW", -3), ("HIGH", 300)]),
      .enumeration(base: integer(2, true), members: ["LOW": -3, "HIGH": 300]), size: 2),
    Case(
      ">enum", .enumeration(.integer(size: 4, signed: true, bigEndian: true), [("A", -1), ("B", 70_000)]),
      .enumeration(base: integer(4, true, .big), members: ["A": -1, "B": 70_000]), size: 4),
    Case(
      "compound", .compound(size: 16, [("a", 0, .uint8), ("b", 8, .float64)]),
      .compound(
        size: 16,
        fields: [
          Datatype.Field("a", 0, integer(1, false)), Datatype.Field("b", 8, .float(size: 8, order: .little)),
        ]), size: 16),
    Case(
      "compound with a string", .compound(size: 24, [("a", 0, .uint8), ("s", 8, .variableString())]),
      .compound(
        size: 24,
        fields: [Datatype.Field("a", 0, integer(1, false)), Datatype.Field("s", 8, .variableString(isUTF8: true))]),
      size: 24, isVerbatim: false),
    Case("array", .array(.uint16, [2, 3]), .array(base: integer(2, false), shape: [2, 3]), size: 12),
    Case(
      "array of strings", .array(.variableString(), [2]), .array(base: .variableString(isUTF8: true), shape: [2]),
      size: nil, isVerbatim: false),
    Case("opaque", .opaque(size: 8, tag: "NUMPY:M8[ns]"), .opaque(size: 8, tag: "NUMPY:M8[ns]"), size: 8),
    Case("bits", .bitfield(size: 2), .bitfield(size: 2, order: .little), size: 2),
    Case(
      "5 bits", .bitfield(size: 1, precision: 5), .unsupported("a bit field of 5 bits"), size: nil, isVerbatim: false),
    Case(
      "sequence", .sequence(.int32), .unsupported("sequences of variable length"), size: nil, isVerbatim: false),
  ]

  @Test(arguments: cases)
  func isDescribed(_ example: Case) throws {
    let made = try WrittenFile { try $0.dataset("d", example.raw, shape: [2], .none) }
    let type = try withDataset("d", of: made.path) { (dataset, library) throws(HDF5Error) in
      try dataset.datatype(library)
    }
    #expect(type == example.expected)
    #expect(type.size == example.size)
    #expect(type.isVerbatim == example.isVerbatim)
  }

  @Test func onlyFalseAndTrueAreBool() {
    let base = Self.integer(1, true)
    #expect(Datatype.enumeration(base: base, members: ["FALSE": 0, "TRUE": 1]).isBoolean)
    let others: [[String: Int64]] = [
      ["FALSE": 0], ["FALSE": 1, "TRUE": 0], ["FALSE": 0, "TRUE": 1, "MAYBE": 2], ["False": 0, "True": 1],
    ]
    for members in others {
      #expect(!Datatype.enumeration(base: base, members: members).isBoolean)
    }
  }

  /// A file can nest types without end; a description must not.
  @Test func deepNestingEnds() throws {
    var type = RawType.uint8
    for _ in 0..<20 { type = .compound(size: 1, [("m", 0, type)]) }
    let nested = type
    let made = try WrittenFile { try $0.dataset("d", nested, shape: [1], .none) }
    var described = try withDataset("d", of: made.path) { (dataset, library) throws(HDF5Error) in
      try dataset.datatype(library)
    }
    var depth = 0
    while case .compound(_, let fields) = described {
      described = fields[0].type
      depth += 1
    }
    guard case .unsupported = described else {
      Issue.record("not refused: \(described)")
      return
    }
    #expect(depth == 16)
  }
}

extension Datatype.Field {
  init(_ name: String, _ offset: Int, _ type: Datatype) {
    self.init(name: name, offset: offset, type: type)
  }
}
