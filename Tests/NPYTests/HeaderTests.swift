import NPY
import Testing

/// Headers against what `numpy.lib.format` writes (numpy 2.4, without the blanks it leaves for a growing first axis, which
/// readers ignore).
@Suite struct HeaderTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var element: ElementType
    var shape: [Int]
    var text: String
    var testDescription: String { element.descriptor }

    init(_ element: ElementType, _ shape: [Int], _ text: String) {
      self.element = element
      self.shape = shape
      self.text = text
    }
  }

  static func field(_ name: String, _ offset: Int, _ type: ElementType, _ shape: [Int] = []) -> ElementType.Field {
    ElementType.Field(name: name, offset: offset, type: type, shape: shape)
  }
  static let u1 = ElementType.integer(size: 1, signed: false, bigEndian: false)
  static let u2 = ElementType.integer(size: 2, signed: false, bigEndian: false)
  static let i4 = ElementType.integer(size: 4, signed: true, bigEndian: false)
  static let f4 = ElementType.float(size: 4, bigEndian: false)
  static let f8 = ElementType.float(size: 8, bigEndian: false)

  static let cases: [Case] = [
    Case(u2, [64, 2, 512, 128], "{'descr': '<u2', 'fortran_order': False, 'shape': (64, 2, 512, 128), }"),
    Case(.boolean, [3], "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }"),
    Case(.float(size: 8, bigEndian: true), [], "{'descr': '>f8', 'fortran_order': False, 'shape': (), }"),
    Case(.complex(size: 8, bigEndian: false), [0], "{'descr': '<c8', 'fortran_order': False, 'shape': (0,), }"),
    Case(.bytes(length: 7), [2, 2], "{'descr': '|S7', 'fortran_order': False, 'shape': (2, 2), }"),
    Case(.raw(length: 5), [1], "{'descr': '|V5', 'fortran_order': False, 'shape': (1,), }"),
    Case(.time(descriptor: "<M8[ns]"), [4], "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (4,), }"),
    Case(
      .integer(size: 1, signed: true, bigEndian: true), [10],
      "{'descr': '|i1', 'fortran_order': False, 'shape': (10,), }"),
    Case(
      .structure(fields: [field("a", 0, i4), field("b", 4, f8)], size: 12), [2],
      "{'descr': [('a', '<i4'), ('b', '<f8')], 'fortran_order': False, 'shape': (2,), }"),
    // np.dtype(..., align=True): gaps inside and behind are nameless. The fields may come in any order.
    Case(
      .structure(fields: [field("c", 16, u2), field("a", 0, u1), field("b", 8, f8)], size: 24), [2],
      "{'descr': [('a', '|u1'), ('', '|V7'), ('b', '<f8'), ('c', '<u2'), ('', '|V6')], "
        + "'fortran_order': False, 'shape': (2,), }"),
    Case(
      .structure(
        fields: [
          field("p", 0, .structure(fields: [field("x", 0, f4), field("y", 4, f4)], size: 8), [3]),
          field("n", 24, .integer(size: 2, signed: false, bigEndian: true), [2, 4]),
        ], size: 40), [1],
      "{'descr': [('p', [('x', '<f4'), ('y', '<f4')], (3,)), ('n', '>u2', (2, 4))], "
        + "'fortran_order': False, 'shape': (1,), }"),
  ]

  @Test(arguments: cases)
  func headerIsNumpys(_ example: Case) throws {
    let bytes = Header.encode(example.element, shape: example.shape)
    let header = try NPYFile(bytes)
    #expect(header.version == [1, 0])
    #expect(header.text == example.text)
    #expect(header.dataOffset == bytes.count)
    // No more than what the alignment needs.
    #expect(bytes.count == (10 + example.text.utf8.count + 1 + 63) / 64 * 64)
  }

  @Test func namesAreQuotedAsPythonReadsThem() throws {
    let names = ["it's", "a\"b", "back\\slash", "tab\tnew\nreturn\r", "bell\u{7}\u{7F}"]
    let fields = names.enumerated().map { Self.field($1, $0 * 4, Self.i4) }
    let text = try NPYFile(Header.encode(.structure(fields: fields, size: 20), shape: [1])).text
    #expect(
      text == #"{'descr': [('it\'s', '<i4'), ('a"b', '<i4'), ('back\\slash', '<i4'), ('tab\tnew\nreturn\r', '<i4'), "#
        + #"('bell\x07\x7f', '<i4')], 'fortran_order': False, 'shape': (1,), }"#)
  }

  @Test func namesInLatin1StayInVersion1() throws {
    let bytes = Header.encode(.structure(fields: [Self.field("\u{B5}m", 0, Self.f4)], size: 4), shape: [1])
    let header = try NPYFile(bytes)
    #expect(header.version == [1, 0])
    // One byte, as numpy's latin1, not two as UTF-8.
    #expect(bytes.contains(0xB5) && !bytes.contains(0xC2))
  }

  @Test func otherNamesNeedVersion3() throws {
    let bytes = Header.encode(.structure(fields: [Self.field("\u{3BC}m", 0, Self.f4)], size: 4), shape: [1])
    let header = try NPYFile(bytes)
    #expect(header.version == [3, 0])
    #expect(header.text == "{'descr': [('\u{3BC}m', '<f4')], 'fortran_order': False, 'shape': (1,), }")
  }

  @Test(arguments: [65_430, 65_500, 65_535, 65_536, 70_000])
  func longHeadersNeedVersion2(_ length: Int) throws {
    let name = String(repeating: "x", count: length)
    let bytes = Header.encode(.structure(fields: [Self.field(name, 0, Self.f4)], size: 4), shape: [1])
    let header = try NPYFile(bytes)
    #expect(header.text == "{'descr': [('\(name)', '<f4')], 'fortran_order': False, 'shape': (1,), }")
    #expect(header.dataOffset == bytes.count && bytes.count % 64 == 0)
    let fits = (10 + header.text.utf8.count + 1 + 63) / 64 * 64 - 10 <= 65_535
    #expect(header.version == (fits ? [1, 0] : [2, 0]))
  }

  @Test func everyRankIsAligned() {
    for rank in 0..<40 {
      let header = Header.encode(Self.f4, shape: Array(repeating: 123_456, count: rank))
      #expect(header.count % 64 == 0 && header.last == 0x0A)
    }
  }

  @Test func sizesOfElements() {
    #expect(ElementType.boolean.size == 1)
    #expect(ElementType.complex(size: 16, bigEndian: false).size == 16)
    #expect(ElementType.bytes(length: 9).size == 9)
    #expect(ElementType.time(descriptor: "<m8[s]").size == 8)
    #expect(ElementType.structure(fields: [Self.field("a", 0, Self.u1)], size: 24).size == 24)
  }

  @Test(arguments: zip([[], [3], [3, 4], [0, 1, 2]], ["()", "(3,)", "(3, 4)", "(0, 1, 2)"]))
  func shapesAreTuples(_ shape: [Int], _ text: String) {
    #expect(Shape.literal(shape) == text)
  }
}

/// A `.npy` file taken apart again, independently of what made it.
struct NPYFile {
  var version: [UInt8]
  var text: String
  /// As the file itself says.
  var dataOffset: Int

  struct Malformed: Error {}

  init(_ bytes: [UInt8]) throws {
    guard bytes.count >= 12, Array(bytes[..<6]) == [0x93] + Array("NUMPY".utf8), bytes.last == 0x0A else {
      throw Malformed()
    }
    version = Array(bytes[6..<8])
    let prefix = version[0] == 1 ? 10 : 12
    let length = bytes[8..<prefix].reversed().reduce(0) { $0 << 8 | Int($1) }
    dataOffset = prefix + length
    guard dataOffset <= bytes.count else { throw Malformed() }
    let body = bytes[prefix..<(dataOffset - 1)]
    let decoded =
      version[0] == 3
      ? String(decoding: body, as: UTF8.self)
      : body.reduce(into: "") { $0.unicodeScalars.append(Unicode.Scalar($1)) }
    text = String(decoded.reversed().drop { $0 == " " }.reversed())
  }
}
