import NPY
import Testing

@testable import Pictures

@Suite struct GeometryTests {
  /// An AGIPD1M as EXtra-geom writes it, from the corners of its quadrants' first pixels: eight tiles of 64 x 128 in a module,
  /// two pixels apart, modules 29 pixels apart.
  private func agipd(concatenated: Bool = false) -> String {
    var lines = ["; a comment = 1", "data = /data ;", "clen = /LAMBDA/x", "res = 5000.0 ; pixels per metre"]
    if !concatenated { lines += ["dim0 = %", "dim2 = ss", "dim3 = fs"] }
    lines += ["rigid_group_q0 = p0a0,p0a1", "rigid_group_collection_quads = q0"]
    let quadrants = [(-525.0, 625.0), (-550, -10), (520, -160), (542.5, 475)]
    for module in 0..<16 {
      let (x, y) = quadrants[module / 4]
      // The first two quadrants have their slow scan to the left of the viewer, the others to the right.
      let sign = module < 8 ? 1.0 : -1.0
      for tile in 0..<8 {
        let panel = "p\(module)a\(tile)"
        let first = tile * 64 + (concatenated ? module * 512 : 0)
        if !concatenated { lines.append("\(panel)/dim1 = \(module)") }
        // It calculates in metres: half a pixel is then a little more or less, which decides where the tile goes.
        let corner = x + sign * Double(66 * tile)
        let left = module >= 12 && tile == 7 ? corner.nextUp : corner
        lines += [
          "\(panel)/min_fs = 0", "\(panel)/max_fs = 127",
          "\(panel)/min_ss = \(first)", "\(panel)/max_ss = \(first + 63)",
          "\(panel)/fs = +0.x \(sign > 0 ? "-" : "+")1.y", "\(panel)/ss = \(sign > 0 ? "+" : "-")1.x +0.y + 0.0z",
          "\(panel)/corner_x = \(left)",
          "\(panel)/corner_y = \(y - Double(157 * (module % 4)))", "\(panel)/coffset = 0.0",
        ]
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Places that EXtra-geom's `position_modules` gives the same detector.
  @Test func agipdToThePixel() throws {
    for concatenated in [false, true] {
      let file = try GeometryFile(agipd(concatenated: concatenated))
      #expect(file.panels.count == 128)
      let assembly = try Assembly(file, shape: [16, 512, 128], pitch: .agipd)
      #expect(assembly.height == 1256 && assembly.width == 1092)
      #expect(assembly.centre == (631, 550))
      let sources = assembly.sources()
      #expect(sources.count { $0 < 0 } == 322_976)
      for (pixel, place) in [
        ((0, 0, 0), (1255, 25)), ((0, 0, 127), (1128, 25)), ((0, 64, 0), (1255, 91)), ((0, 511, 127), (1128, 550)),
        ((4, 0, 0), (620, 0)), ((8, 0, 0), (471, 1069)), ((8, 511, 127), (598, 544)), ((12, 0, 0), (1106, 1091)),
        ((15, 511, 127), (762, 567)),
      ] {
        #expect(Int(sources[place.0 * 1092 + place.1]) == (pixel.0 * 512 + pixel.1) * 128 + pixel.2, "\(pixel)")
      }
    }
  }

  private func small(_ panel: String, res: String = "10") -> String {
    """
    res = \(res)
    dim0 = 0
    dim1 = ss
    dim2 = fs
    p/min_fs = 0
    p/max_fs = 2
    p/min_ss = 0
    p/max_ss = 1
    \(panel)
    """
  }

  /// One panel of 2 x 3 pixels, turned each way.
  @Test func turned() throws {
    let pitch = Assembly.Pitch(x: 0.1, y: 0.1)
    for (fs, ss, expected) in [
      ("x", "y", [[0, 1, 2], [3, 4, 5]]), ("-x", "y", [[2, 1, 0], [5, 4, 3]]), ("x", "-y", [[3, 4, 5], [0, 1, 2]]),
      ("y", "x", [[0, 3], [1, 4], [2, 5]]), ("-y", "x", [[2, 5], [1, 4], [0, 3]]),
      ("y", "-x", [[3, 0], [4, 1], [5, 2]]),
    ] {
      let text = small("p/fs = \(fs)\np/ss = \(ss)\np/corner_x = 4\np/corner_y = -7")
      let assembly = try Assembly(try GeometryFile(text), shape: [1, 2, 3], pitch: pitch)
      #expect(assembly.height == expected.count && assembly.width == expected[0].count)
      #expect(assembly.sources() == expected.flatMap { $0.map(Int32.init) }, "\(fs), \(ss)")
    }
  }

  @Test func gapsAreFilled() throws {
    let text =
      small("p/fs = x\np/ss = y\np/corner_x = 0\np/corner_y = 0")
      + "\nq/min_fs = 0\nq/max_fs = 0\nq/min_ss = 0\nq/max_ss = 0\nq/fs = x\nq/ss = y\nq/corner_x = 4\nq/corner_y = 0"
    let assembly = try Assembly(try GeometryFile(text), shape: [1, 2, 3], pitch: .init(x: 0.1, y: 0.1))
    #expect(assembly.width == 5 && assembly.height == 2)
    let bytes = try #require(assembly.assemble([1, 2, 3, 4, 5, 6], .integer(size: 1, signed: false, bigEndian: false)))
    #expect(bytes == [1, 2, 3, 0, 1, 4, 5, 6, 0, 0])
    let halves = [UInt8](repeating: 1, count: 12)
    let floats = try #require(assembly.assemble(halves, .float(size: 2, bigEndian: true)))
    #expect(Array(floats[6..<8]) == [0x7E, 0x00] && Array(floats[8..<10]) == [1, 1])
    #expect(assembly.assemble([1], .boolean) == nil)
    // The picture is seen along the beam: up is up, and x to the left.
    let image = try #require(Layout.assembled(assembly).image([1, 2, 3, 4, 5, 6], ofEntry: [1, 2, 3]))
    #expect(image.values.map { $0.isNaN ? 0 : $0 } == [0, 0, 6, 5, 4, 1, 0, 3, 2, 1])
  }

  @Test func vectors() {
    func isVector(_ text: String, _ x: Double, _ y: Double) -> Bool {
      GeometryFile.vector(text) == GeometryFile.Vector(x: x, y: y)
    }
    #expect(isVector("x", 1, 0) && isVector("-y", 0, -1) && isVector("+0.x -1.y", 0, -1))
    #expect(isVector("-0.0010x + 0.9999 y +0.1z", -0.001, 0.9999) && isVector("1e-3x - .5y", 0.001, -0.5))
    for text in ["", "1", "x 1", "ax", "nanx", "++x", "0x10"] { #expect(GeometryFile.vector(text) == nil, "\(text)") }
  }

  @Test func whatIsWrong() {
    let good = "p/fs = x\np/ss = y\np/corner_x = 0\np/corner_y = 0"
    for (text, reason) in [
      ("", "no panels"), (small(good).replacing("p/max_ss = 1\n", with: ""), "no max_ss"),
      (small(good).replacing("max_fs = 2", with: "max_fs = 2.5"), "no pixels"), (small(good, res: "0"), "positive"),
      (small(good).replacing("dim1 = ss", with: "dim1 = 3"), "two numbers"),
      (small(good).replacing("dim1 = ss", with: "dim1 = up"), "none of"),
      (small(good).replacing("ss = y", with: "ss = up"), "no direction"),
      (small(good) + "\nbad1/min_fs = 0", "region bad1"),
      (small(good) + "\nbad1/min_x = 3\nbad1/max_x = 1\nbad1/min_y = 3\nbad1/max_y = 4", "above"),
    ] {
      #expect {
        _ = try GeometryFile(text)
      } throws: {
        "\($0)".contains(reason)
      }
    }
    for (text, shape) in [
      (small(good), [1, 2, 2]), (small(good), [0, 2, 3]),
      (small(good).replacing("dim0 = 0", with: "dim0 = 1"), [1, 2, 3]),
      (small(good).replacing("fs = x", with: "fs = 0.7x 0.7y"), [1, 2, 3]),
      (small(good).replacing("corner_x = 0", with: "corner_x = 1e12"), [1, 2, 3]),
    ] {
      #expect(throws: GeometryFile.Invalid.self) {
        _ = try Assembly(try GeometryFile(text), shape: shape, pitch: .init(x: 0.1, y: 0.1))
      }
    }
  }

  @Test func badRegions() throws {
    let text =
      small("p/fs = x\np/ss = y\np/corner_x = 0\np/corner_y = 0")
      + "\nbadA/min_fs = 0\nbadA/max_fs = 1\nbadA/min_ss = 1\nbadA/max_ss = 1\nbadA/panel = p"
      + "\nbadB/min_x = -1.5\nbadB/max_x = 2\nbadB/min_y = 0\nbadB/max_y = 1"
    #expect(
      try GeometryFile(text).badRegions == [
        .panel("p", fastScan: 0...1, slowScan: 1...1), .laboratory(x: -1.5...2, y: 0...1),
      ])
  }
}
