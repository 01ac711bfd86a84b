// The reports that look at the files themselves, as they are when a report is opened.

/// `validation.txt`: whether the files are sound, for people.
struct ValidationText: RunFile {
  let name = "validation.txt"
  let scope = FileScope.directory

  func isListed(in tree: RunTree) -> Bool { !tree.isSelection }
  func content(of tree: RunTree) -> Content { tree.generated.volatile(tree.reports.validationText) }
}

/// `validation.json`: the same for programs.
struct ValidationJSON: RunFile {
  let name = "validation.json"
  let scope = FileScope.directory

  func isListed(in tree: RunTree) -> Bool { !tree.isSelection }
  func content(of tree: RunTree) -> Content { tree.generated.volatile(tree.reports.validationJSON) }
}

/// `locality.txt`: which files are on disk, and which on tape only, for people.
struct LocalityText: RunFile {
  let name = "locality.txt"
  let scope = FileScope.directory

  func isListed(in tree: RunTree) -> Bool { !tree.isSelection }
  func content(of tree: RunTree) -> Content { tree.generated.volatile(tree.reports.localityText) }
}

/// `locality.json`: the same for programs.
struct LocalityJSON: RunFile {
  let name = "locality.json"
  let scope = FileScope.directory

  func isListed(in tree: RunTree) -> Bool { !tree.isSelection }
  func content(of tree: RunTree) -> Content { tree.generated.volatile(tree.reports.localityJSON) }
}
