import EXDF
import Foundation
import TestRuns
import Testing

/// Alias files in the three languages that EXtra-data takes.
@Suite struct AliasFileTests {
  private func read(_ text: String, _ name: String) throws -> Aliases {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/\(name)"
    try Data(text.utf8).write(to: URL(filePath: path))
    return try AliasFile.read(path)
  }

  @Test(arguments: [
    (
      "a.yml",
      """
      # names
      xgm: SA1_XTD2_XGM/XGM/DOOCS   # a source
      Pos_X: [SA1_XTD2_XGM/XGM/DOOCS, beamPosition.ixPos]
      "SPB_ADC/1:channel_0.output":
        raw: data.rawData
        'sum': "data.sum"
      pair:
        - S/A
        - k.v
      """
    ),
    (
      "a.json",
      """
      {"xgm": "SA1_XTD2_XGM/XGM/DOOCS", "Pos_X": ["SA1_XTD2_XGM/XGM/DOOCS", "beamPosition.ixPos"],
       "SPB_ADC/1:channel_0.output": {"raw": "data.rawData", "sum": "data.sum"}, "pair": ["S/A", "k.v"]}
      """
    ),
    (
      "a.toml",
      """
      xgm = "SA1_XTD2_XGM/XGM/DOOCS" # a source
      Pos_X = ["SA1_XTD2_XGM/XGM/DOOCS", 'beamPosition.ixPos']
      pair = ["S/A", "k.v"]
      ["SPB_ADC/1:channel_0.output"]
      raw = "data.rawData"
      sum = "data.sum"
      """
    ),
  ])
  func languages(_ name: String, _ text: String) throws {
    let aliases = try read(text, name)
    #expect(aliases.names == ["pair", "pos-x", "raw", "sum", "xgm"])
    #expect(aliases["XGM"] == Aliases.Target(source: "SA1_XTD2_XGM/XGM/DOOCS"))
    #expect(aliases["pos_X"] == Aliases.Target(source: "SA1_XTD2_XGM/XGM/DOOCS", key: "beamPosition.ixPos"))
    #expect(aliases["raw"] == Aliases.Target(source: "SPB_ADC/1:channel_0.output", key: "data.rawData"))
    #expect(aliases["pair"] == Aliases.Target(source: "S/A", key: "k.v"))
    #expect(aliases["nope"] == nil)
  }

  /// The same name twice is no conflict where both mean the same.
  @Test func sameMeaning() throws {
    #expect(try read("a_b: S/A\nA-B: S/A\n", "a.yml").names == ["a-b"])
  }

  @Test(arguments: [
    ("a.yml", "a_b: S/A\nA-B: S/B\n", "two different things"), ("a.yml", "a: [S/A]\n", "neither a source nor a pair"),
    ("a.yml", "a:\n", "stands for nothing"), ("a.yml", "", "no table of names"), ("a.yml", "a: &x S/A\n", "line 1"),
    ("a.yml", "- S/A\n- S/B\n", "no table of names"), ("a.json", "{", "no JSON"), ("a.toml", "a = S\nb\n", "line 2"),
    ("a.txt", "a: S/A\n", "has to end in"), ("a.yml", "S/A:\n  a:\n    b: c\n", "no name of a key"),
  ])
  func whatIsWrongIsSaid(_ name: String, _ text: String, _ words: String) throws {
    let error = #expect(throws: AliasFile.Invalid.self) { try read(text, name) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }
}
