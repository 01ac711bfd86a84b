internal import FoundationEssentials
internal import Glibc

/// The files in which a beamline names sources and keys, as EXtra-data reads them (SELECTION.md, 1.4): JSON, YAML and TOML.
public enum AliasFile {
  /// Why a file cannot be used: one sentence.
  public struct Invalid: Error, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// What stands in such a file.
  indirect enum Node: Hashable {
    case text(String)
    case list([Node])
    case map([Entry])
    case nothing
  }

  /// A name and what stands behind it.
  struct Entry: Hashable {
    var name: String
    var value: Node
  }

  /// No alias file is larger.
  private static let mostBytes = 4 << 20

  /// The alias file of the proposal that a run is in; where it has none, the instrument's template, which EXtra-data would copy. Nil where
  /// there is neither.
  public static func path(forRun run: String) -> String? {
    let parts = run.split(separator: "/").map(String.init)
    // .../<instrument>/<cycle>/<proposal>/<raw>/<run>
    guard parts.count >= 3 else { return nil }
    let proposal = "/" + parts.dropLast(2).joined(separator: "/")
    let own = "\(proposal)/usr/extra-data-aliases.yml"
    if RunListing.isRegularFile(own) { return own }
    guard parts.count >= 5, let root = getenv("EXTRA_DATA_SW_ROOT") else { return nil }
    let template = "\(String(cString: root))/\(parts[parts.count - 5])/extra-data-aliases-default.yml"
    return RunListing.isRegularFile(template) ? template : nil
  }

  /// Reads a file; its ending says what it is.
  /// - Throws: ``Invalid`` where it cannot be read, or is not as it should be.
  public static func read(_ path: String) throws(Invalid) -> Aliases {
    guard RunListing.isRegularFile(path), let data = try? Data(contentsOf: URL(filePath: path)) else {
      throw Invalid(description: "cannot read the alias file \(path)")
    }
    guard data.count <= mostBytes, let text = String(validating: data, as: UTF8.self) else {
      throw Invalid(description: "the alias file \(path) is no text")
    }
    do throws(Invalid) {
      let node: Node
      switch path.split(separator: ".").last {
      case "json": node = try json(data)
      case "yaml", "yml": node = try YAMLReader(text).document()
      case "toml": node = try TOMLReader(text).document()
      default: throw Invalid(description: "its name has to end in .yml, .yaml, .json or .toml")
      }
      var aliases = try Self.aliases(node)
      aliases.paths = [path]
      return aliases
    } catch {
      throw Invalid(description: "the alias file \(path) cannot be used: \(error.description)")
    }
  }

  /// A name for a source, a pair of source and key, or a source with names of its keys.
  static func aliases(_ node: Node) throws(Invalid) -> Aliases {
    guard case .map(let entries) = node else { throw Invalid(description: "it is no table of names") }
    var aliases = Aliases()
    func add(_ name: String, _ target: Aliases.Target) throws(Invalid) {
      guard aliases.add(name, target) else {
        throw Invalid(description: "'\(name)' stands for two different things")
      }
    }
    for entry in entries {
      let name = entry.name
      switch entry.value {
      case .text(let source): try add(name, Aliases.Target(source: source))
      case .list(let parts):
        guard parts.count == 2, case .text(let source) = parts[0], case .text(let key) = parts[1] else {
          throw Invalid(description: "'\(name)' is neither a source nor a pair of source and key")
        }
        try add(name, Aliases.Target(source: source, key: key))
      case .map(let keys):
        for own in keys {
          guard case .text(let key) = own.value else {
            throw Invalid(description: "'\(own.name)' of \(name) is no name of a key")
          }
          try add(own.name, Aliases.Target(source: name, key: key))
        }
      case .nothing: throw Invalid(description: "'\(name)' stands for nothing")
      }
    }
    return aliases
  }

  private enum JSONNode: Decodable {
    case node(Node)

    private struct Name: CodingKey {
      var stringValue: String
      var intValue: Int? { nil }
      init?(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      if let keyed = try? decoder.container(keyedBy: Name.self) {
        var entries: [Entry] = []
        for key in keyed.allKeys.sorted(by: { $0.stringValue.precedes($1.stringValue) }) {
          guard case .node(let value) = try keyed.decode(JSONNode.self, forKey: key) else { continue }
          entries.append(Entry(name: key.stringValue, value: value))
        }
        self = .node(.map(entries))
      } else if var list = try? decoder.unkeyedContainer() {
        var nodes: [Node] = []
        while !list.isAtEnd {
          guard case .node(let value) = try list.decode(JSONNode.self) else { continue }
          nodes.append(value)
        }
        self = .node(.list(nodes))
      } else {
        let single = try decoder.singleValueContainer()
        if let text = try? single.decode(String.self) {
          self = .node(.text(text))
        } else if let number = try? single.decode(Int.self) {
          self = .node(.text("\(number)"))
        } else {
          self = .node(.nothing)
        }
      }
    }
  }

  private static func json(_ data: Data) throws(Invalid) -> Node {
    guard case .node(let node)? = try? JSONDecoder().decode(JSONNode.self, from: data) else {
      throw Invalid(description: "it is no JSON")
    }
    return node
  }
}
