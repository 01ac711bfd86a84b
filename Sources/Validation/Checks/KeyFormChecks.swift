/// Keys whose files disagree: EXtra-data takes one file's word for all, and clamps, cuts or fails (SELECTION.md, 2.6).
enum KeyFormChecks {
  static func problems(_ files: [RunChecks.File]) -> [Problem] {
    var holders: [String: [Int]] = [:]
    for (number, file) in files.enumerated() {
      for source in file.contents.keys.keys { holders[source, default: []].append(number) }
    }
    var problems: [Problem] = []
    for (source, numbers) in holders where numbers.count > 1 {
      let lists = numbers.compactMap { files[$0].contents.keys[source] }
      // As it nearly always is.
      guard Set(lists.map(\.forms)).count > 1 else { continue }
      problems += Self.problems(source, Array(zip(numbers, lists)), files)
    }
    return problems
  }

  /// A form of a dataset, and who has it.
  private struct Holders {
    var form: SourceKeys.Form
    var files: [Int] = []
    var trains = 0
  }

  private static func problems(
    _ source: String, _ lists: [(file: Int, keys: SourceKeys)], _ files: [RunChecks.File]
  ) -> [Problem] {
    var paths: [String: [Holders]] = [:]
    for (file, keys) in lists {
      for (form, trains) in zip(keys.forms, keys.trains) {
        var holders = paths[form.path] ?? []
        let place = holders.firstIndex { $0.form == form } ?? holders.count
        if place == holders.count { holders.append(Holders(form: form)) }
        // A file without entries has no say.
        if trains > 0 {
          holders[place].files.append(file)
          holders[place].trains += trains
        }
        paths[form.path] = holders
      }
    }
    var problems: [Problem] = []
    for (path, all) in paths {
      let holders = all.filter { $0.trains > 0 }
      // Of two that as many trains have the first.
      guard
        let most = holders.enumerated().max(by: { ($0.element.trains, -$0.offset) < ($1.element.trains, -$1.offset) })?
          .element
      else { continue }
      for other in holders where other.form != most.form {
        problems.append(problem("Key differs from file to file", path, other.form.text, other.files, most, files))
      }
      let missing = lists.filter { file, keys in
        !keys.forms.contains { $0.path == path } && hasData(keys, inGroupOf: path, of: source)
      }
      if !missing.isEmpty {
        problems.append(problem("Key is missing in a file", path, "nothing", missing.map(\.file), most, files))
      }
    }
    return problems
  }

  private static func problem(
    _ message: String, _ path: String, _ found: String, _ having: [Int], _ most: Holders, _ files: [RunChecks.File]
  ) -> Problem {
    var attributes = [
      "dataset": path, "file": files[having[0]].path, "found": found,
      "others": "\(most.form.text) in \(most.files.count) files, e.g. \(files[most.files[0]].path)",
    ]
    if having.count > 1 { attributes["files"] = "\(having.count), the first is named" }
    return Problem(.keyForms, message, attributes)
  }

  /// Whether a file has entries of the index group that a dataset belongs to.
  private static func hasData(_ keys: SourceKeys, inGroupOf path: String, of source: String) -> Bool {
    let prefix = "INSTRUMENT/\(source)/"
    guard path.hasPrefix(prefix) else { return keys.trains.contains { $0 > 0 } }
    let group = prefix + path.dropFirst(prefix.count).prefix { $0 != "/" } + "/"
    return zip(keys.forms, keys.trains).contains { $0.path.hasPrefix(group) && $1 > 0 }
  }
}
