internal import Glibc
internal import Threads
public import Tree

/// Closes the runs of a mounted proposal that are no longer wanted, so that a walk through a thousand runs does not fill the memory.
public enum RunKeeper {
  /// How often it looks, in seconds.
  private static let interval: UInt32 = 10
  /// A run that the kernel has forgotten stays open for so many seconds: it is often asked for again.
  private static let keptForgotten = 30
  /// The kernel remembers names for as long as it has memory. After so many seconds without a request it is told to forget a run, or
  /// sooner where many runs are open.
  private static let keptUnused = 600
  private static let keptUnusedOfMany = 20
  private static let many = 16

  /// Begins to look after the runs, until the process ends.
  ///
  /// - Parameters:
  ///   - invalidate: has the kernel forget a name in a directory, and all below it that is not in use.
  ///   - dismiss: told of each tree that is closed.
  public static func start(
    _ proposal: ProposalTree, invalidate: @escaping @Sendable (_ directory: Node, _ name: String) -> Void,
    dismiss: @escaping @Sendable (RunTree) -> Void
  ) {
    Thread.start {
      while true {
        sleep(interval)
        proposal.closeForgotten(unusedFor: keptForgotten, dismiss)
        let isCrowded = proposal.openTrees.count > many
        for (directory, name) in proposal.unused(for: isCrowded ? keptUnusedOfMany : keptUnused) {
          invalidate(directory, name)
        }
      }
    }
  }
}
