import Testing

@testable import FUSE

@Suite struct InitAnswerTests {
  typealias Flags = InitAnswer.Flags

  /// Nothing that the kernel does not offer, or that was not asked for.
  @Test(arguments: [
    (UInt64(0), true, UInt64(0)),
    (Flags.parallelDirectoryOperations | 1, false, Flags.parallelDirectoryOperations),
    (Flags.extended | Flags.directIOWithMMap, false, 0),
    (Flags.extended | Flags.directIOWithMMap, true, Flags.extended | Flags.directIOWithMMap),
    (Flags.directIOWithMMap, true, 0), (Flags.extended, true, 0),
  ])
  func additions(offered: UInt64, mapsDirectIO: Bool, added: UInt64) {
    var options = MountOptions()
    options.directIOWithMMap = mapsDirectIO
    #expect(InitAnswer.additions(offered: offered, options) == added)
  }
}
