/// What a worker process is started with.
public struct WorkerProgram: Hashable, Sendable {
  public var executable: String
  /// Which make it end up in ``HDF5Worker/run()``.
  public var arguments: [String]

  public init(executable: String = "/proc/self/exe", arguments: [String]) {
    self.executable = executable
    self.arguments = arguments
  }
}
