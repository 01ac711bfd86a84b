import HDF5
import RawHDF5
import TestRuns
import Testing

@Suite struct AttributeTests {
  @Test func everyKind() throws {
    let made = try WrittenFile { file in
      try file.group("g")
      func number<Number: RawNumber>(_ name: String, _ values: [Number], shape: [Int]?) throws {
        try file.attribute(name, of: "g", Number.rawType, shape: shape, .bytes(values.rawBytes))
      }
      try file.attribute("text", of: "g", .variableString(), .strings(["μ"]))
      try file.attribute("one in a list", of: "g", .variableString(), shape: [1], .strings(["x"]))
      try file.attribute("texts", of: "g", .variableString(), shape: [2], .strings(["a", "b"]))
      try file.attribute("fixed", of: "g", .fixedString(length: 4), .bytes(Array("ab\0\0".utf8)))
      try file.attribute("blanks", of: "g", .fixedString(length: 4, padding: .spacePadded), .bytes(Array("ab  ".utf8)))
      try number("int", [Int32(-7)], shape: nil)
      try number("ints", [Int8(-1), 2], shape: [2])
      try number("unsigned", [UInt64.max], shape: nil)
      try number("float", [Float(0.5)], shape: nil)
      try file.attribute("bool", of: "g", .boolean, .bytes([1]))
      try file.attribute("enum", of: "g", .enumeration(.int16, [("LOW", -2), ("HIGH", 5)]), .bytes([0xFE, 0xFF]))
      try file.attribute(
        "big enum", of: "g", .enumeration(.integer(size: 2, signed: true, bigEndian: true), [("A", 5)]),
        .bytes([0, 5]))
      try file.attribute("compound", of: "g", .compound(size: 1, [("a", 0, .uint8)]), .bytes([1]))
      try file.attribute("sequence", of: "g", .sequence(.uint8), shape: [0], .none)
      try number("none", [UInt8](), shape: [0])
      try number("many", [UInt8](repeating: 1, count: 5000), shape: [5000])
    }
    let attributes = try withFile(made.path) { (file, library) throws(HDF5Error) in
      try file.attributes(of: "g", library)
    }
    let expected: [String: AttributeValue] = [
      "text": .string("μ"), "one in a list": .string("x"), "texts": .strings(["a", "b"]), "fixed": .string("ab"),
      "blanks": .string("ab"), "int": .integers([-7]), "ints": .integers([-1, 2]), "unsigned": .unsigned([.max]),
      "float": .floats([0.5]), "bool": .integers([1]), "enum": .integers([-2]), "big enum": .integers([5]),
      "compound": .other("a compound"), "sequence": .other("sequences of variable length"), "none": .unsigned([]),
      "many": .other("5000 elements"),
    ]
    #expect(Set(attributes.keys) == Set(expected.keys))
    for (name, value) in expected { #expect(attributes[name] == value, "\(name)") }
  }
}
