/// The panels of a detector, as a geometry file of CrystFEL describes them (crystfel_geometry(5)).
///
/// Rigid groups, distances and what concerns the beam are not needed to put an image together, and are not read.
public struct GeometryFile: Hashable, Sendable {
  /// Why a file cannot be used.
  public struct Invalid: Error, CustomStringConvertible {
    public var description: String
  }

  /// A vector in the plane of the detector, in pixels.
  public struct Vector: Hashable, Sendable {
    public var x: Double
    public var y: Double
  }

  /// A rectangle of the data that lies somewhere in the laboratory.
  public struct Panel: Hashable, Sendable {
    public var name: String
    /// Indices in the data; the upper bound is not part of it.
    public var fastScan: Range<Int>
    public var slowScan: Range<Int>
    /// Of the outer corner of its first pixel, in pixels from the beam; x points left for who looks along the beam, y up.
    public var corner: Vector
    public var fs: Vector
    public var ss: Vector
    /// Pixels per metre.
    public var resolution: Double
    /// The number among its `dim` lines, which is the module's; nil where modules lie one behind the other along slow scan.
    public var module: Int?
  }

  /// Pixels that are not to be used: a rectangle in the data of one panel, or one in the laboratory, in pixels.
  public enum BadRegion: Hashable, Sendable {
    /// Inclusive, in the data.
    case panel(String, fastScan: ClosedRange<Int>, slowScan: ClosedRange<Int>)
    case laboratory(x: ClosedRange<Double>, y: ClosedRange<Double>)
  }

  /// In the order of the file.
  public private(set) var panels: [Panel] = []
  /// By name.
  public private(set) var badRegions: [BadRegion] = []

  /// - Throws: ``Invalid`` with one sentence that says what is wrong where.
  public init(_ text: String) throws(Invalid) {
    var defaults: [String: String] = [:]
    var settings: [String: [String: String]] = [:]
    var order: [String] = []
    var bad: [String: [String: String]] = [:]
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      let code = line.prefix { $0 != ";" }
      guard let equals = code.firstIndex(of: "=") else { continue }
      let left = Self.trimmed(code[..<equals])
      let value = Self.trimmed(code[code.index(after: equals)...])
      guard let slash = left.lastIndex(of: "/") else {
        // Groups are not needed; what has no panel is meant for those that come after it.
        if !left.hasPrefix("rigid_group"), !left.hasPrefix("group") { defaults[left] = value }
        continue
      }
      let (name, key) = (String(left[..<slash]), String(left[left.index(after: slash)...]))
      if name.hasPrefix("bad") {
        bad[name, default: [:]][key] = value
      } else if !name.hasPrefix("rigid_group"), !name.hasPrefix("group") {
        if settings[name] == nil {
          settings[name] = defaults
          order.append(name)
        }
        settings[name]?[key] = value
      }
    }
    guard !order.isEmpty else { throw Invalid(description: "the geometry has no panels") }
    for name in order { panels.append(try Self.panel(name, settings[name] ?? [:])) }
    for (name, values) in bad.sorted(by: { $0.key < $1.key }) { badRegions.append(try Self.region(name, values)) }
  }

  private static func panel(_ name: String, _ values: [String: String]) throws(Invalid) -> Panel {
    func fault(_ what: String) -> Invalid { Invalid(description: "panel \(name) of the geometry \(what)") }
    func value(_ key: String) throws(Invalid) -> String {
      guard let value = values[key] else { throw fault("has no \(key)") }
      return value
    }
    func number(_ key: String) throws(Invalid) -> Double {
      guard let number = Double(try value(key)), number.isFinite else { throw fault("has a \(key) that is no number") }
      return number
    }
    func range(_ key: String) throws(Invalid) -> Range<Int> {
      let (first, last) = (try number("min_\(key)"), try number("max_\(key)"))
      guard first >= 0, last >= first, last < 1e9, first == first.rounded(), last == last.rounded() else {
        throw fault("has no pixels from min_\(key) to max_\(key)")
      }
      return Int(first)..<(Int(last) + 1)
    }
    func vector(_ key: String) throws(Invalid) -> Vector {
      guard let vector = Self.vector(try value(key)) else { throw fault("has a \(key) that is no direction") }
      return vector
    }
    let resolution = try number("res")
    guard resolution > 0 else { throw fault("has a res that is not positive") }
    var modules: [Int] = []
    for (key, value) in values where key.hasPrefix("dim") {
      if ["ss", "fs", "%"].contains(value) { continue }
      guard let module = Int(value), (0..<1 << 20).contains(module) else {
        throw fault("has '\(value)' for \(key), which is none of ss, fs, % and a number")
      }
      modules.append(module)
    }
    guard modules.count <= 1 else { throw fault("has two numbers among its dim lines") }
    let corner = Vector(x: try number("corner_x"), y: try number("corner_y"))
    return Panel(
      name: name, fastScan: try range("fs"), slowScan: try range("ss"), corner: corner, fs: try vector("fs"),
      ss: try vector("ss"), resolution: resolution, module: modules.first)
  }

  private static func region(_ name: String, _ values: [String: String]) throws(Invalid) -> BadRegion {
    func number(_ key: String) throws(Invalid) -> Double {
      guard let number = values[key].flatMap(Double.init), number.isFinite, abs(number) < 1e9 else {
        throw Invalid(description: "the region \(name) of the geometry has no number for \(key)")
      }
      return number
    }
    func bounds(_ key: String) throws(Invalid) -> ClosedRange<Double> {
      let (least, most) = (try number("min_\(key)"), try number("max_\(key)"))
      guard least <= most else {
        throw Invalid(description: "the region \(name) of the geometry has a min_\(key) above its max_\(key)")
      }
      return least...most
    }
    guard values["min_fs"] != nil else { return .laboratory(x: try bounds("x"), y: try bounds("y")) }
    let (fast, slow) = (try bounds("fs"), try bounds("ss"))
    guard let panel = values["panel"], values["min_x"] == nil else {
      throw Invalid(description: "the region \(name) of the geometry has no panel, or x as well as fs")
    }
    return .panel(
      panel, fastScan: Int(fast.lowerBound)...Int(fast.upperBound),
      slowScan: Int(slow.lowerBound)...Int(slow.upperBound))
  }

  /// `+0.x -1.y`, `x`, `-0.001x + 0.9999y + 0.1z`: terms in any order, with blanks anywhere.
  static func vector(_ text: String) -> Vector? {
    var vector = Vector(x: 0, y: 0)
    var number = ""
    var isAny = false
    for character in text where !character.isWhitespace {
      guard "xyz".contains(character) else {
        number.append(character)
        continue
      }
      if number.last == "." { number.append("0") }
      let factor = ["", "+", "-"].contains(number) ? number + "1" : number
      guard let value = Double(factor), value.isFinite else { return nil }
      if character == "x" { vector.x += value } else if character == "y" { vector.y += value }
      number = ""
      isAny = true
    }
    return isAny && number.isEmpty ? vector : nil
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
