/// Why something cannot be mounted as it was asked for, in one sentence.
public struct MountRefusal: Error, CustomStringConvertible {
  public var description: String

  init(_ description: String) { self.description = description }
}
