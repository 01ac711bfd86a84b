internal import Synchronization

/// The objects of one tree, each made when it is first met.
final class NodeObjects: Sendable {
  /// What an object is found by. A type and a path together are unique: a source may be named like a file of another.
  private struct Key: Hashable {
    var type: ObjectIdentifier
    var path: String
  }
  private let table: NodeTable
  /// The tree's place in the mount.
  private let place: String
  private let objects = Mutex<[Key: any NodeObject]>([:])

  init(in table: NodeTable, at place: String) {
    self.table = table
    self.place = place
  }

  /// The object of a path below the place.
  func object<Object: NodeObject>(_ path: String, _ make: (ObjectIdentity) -> Object) -> Object {
    let key = Key(type: ObjectIdentifier(Object.self), path: path)
    return objects.withLock { objects in
      if let known = objects[key] as? Object { return known }
      let made = table.add("\(place)\0\(path)\0\(Object.self)", make)
      objects[key] = made
      return made
    }
  }

  /// Takes all of them out of the table, and lets go of them.
  func removeAll() {
    let all = objects.withLock { objects -> [any NodeObject] in
      defer { objects = [:] }
      return Array(objects.values)
    }
    table.remove(all)
  }
}
