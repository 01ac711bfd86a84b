public import EXDF
internal import Printable

/// The text in `select/` and `aligned/`.
public enum SelectionReports {
  /// `README.txt`, with sources of the run in the lines to paste.
  public static func readMe(for run: Run) -> [UInt8] {
    let control = run.sources.first { $0.kind == .control }?.name ?? "SOURCE"
    let instrument = run.sources.first { $0.kind == .instrument && $0.legacyTarget == nil }?.name ?? control
    // The name of a directory has no slashes.
    func pattern(_ name: String) -> String { name.printable.split(separator: "/").joined(separator: "?") }
    let part = control.split(separator: "/").first.map(String.init) ?? control
    let first = run.trainIDs.first ?? 0
    return Array(
      """
      A name in this directory is not listed, but opens: it is a tree of its own, of what the name selects.

        select/WHAT/     WHAT alone, in all trains
        aligned/WHAT/    WHAT alone, in the trains in which all of it has data: arrays of keys with one entry
                         a train have the same rows there

      WHAT is SOURCE, SOURCE,KEY or several of them with a + between; an @ and trains may follow.
      Sources and keys may be patterns: * is any text, ? is one character, and [ab] one of these. The slashes of a
      source's name are written as ?, as no name of a directory has slashes in it.
      Trains are an id (@\(first)), ids from A up to but not including B (@\(first):\(first &+ 100)), or positions as
      A:B:STEP (@0:100:1). An alias is written =ALIAS.

        ls "select/\(part.printable)*"
        cat "select/\(pattern(control))/table.csv"
        ls "select/\(pattern(instrument))@\(first)/trains"
        cat "aligned/\(pattern(control))+\(pattern(instrument))/info.txt"

      """.utf8)
  }
}
