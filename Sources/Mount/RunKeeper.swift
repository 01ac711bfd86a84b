internal import EXDF
internal import Glibc
public import Logging
internal import Threads
public import Tree

/// Looks after the runs of a mount: it has those that are being written follow their files, and closes those that are no longer wanted, so
/// that a walk through a thousand runs does not fill the memory.
public struct RunKeeper: Sendable {
  /// Has the kernel forget a name in a directory, and all below it that is not in use.
  let invalidate: @Sendable (_ directory: Node, _ name: String) -> Void
  /// Told of each tree that is closed.
  let dismiss: @Sendable (RunTree) -> Void
  let logger: Logger

  public init(
    invalidate: @escaping @Sendable (_ directory: Node, _ name: String) -> Void,
    dismiss: @escaping @Sendable (RunTree) -> Void, _ logger: Logger
  ) {
    self.invalidate = invalidate
    self.dismiss = dismiss
    self.logger = logger
  }

  /// A look at a run takes at most so much of the time: on a slow store looks are rarer.
  private static let share = 50
  /// How often runs are looked at that may be closed, in seconds.
  private static let interval = 10
  /// The same for selections.
  private static let sweepInterval: UInt32 = 2
  /// A run that the kernel has forgotten stays open for so many seconds: it is often asked for again.
  private static let keptForgotten = 30
  /// The kernel remembers names for as long as it has memory. After so many seconds without a request it is told to forget a run, or
  /// sooner where many runs are open.
  private static let keptUnused = 600
  private static let keptUnusedOfMany = 20
  private static let many = 16

  /// Begins to look after the only run of a mount, until the process ends.
  ///
  /// - Parameter seconds: how often it is looked whether the run has changed.
  public func follow(_ run: LiveRun, in mounted: MountedTree, every seconds: Double) {
    sweepSelections(of: { [run] })
    guard seconds > 0 else { return }
    Thread.start {
      while true {
        pause(seconds) { refresh(run, at: mounted.root) }
      }
    }
  }

  /// Begins to look after the runs of a proposal, until the process ends.
  ///
  /// - Parameter seconds: how often it is looked whether open runs have changed; 0 for never.
  public func keep(_ proposal: ProposalTree, refreshingEvery seconds: Double) {
    sweepSelections(of: { proposal.openRuns.map(\.run) })
    Thread.start {
      while true {
        sleep(UInt32(Self.interval))
        proposal.closeForgotten(unusedFor: Self.keptForgotten, dismiss)
        let isCrowded = proposal.openRuns.count > Self.many
        for (directory, name) in proposal.unused(for: isCrowded ? Self.keptUnusedOfMany : Self.keptUnused) {
          invalidate(directory, name)
        }
      }
    }
    guard seconds > 0 else { return }
    Thread.start {
      while true {
        pause(seconds) { for open in proposal.openRuns { refresh(open.run, at: open.node) } }
      }
    }
  }

  /// Has the kernel forget the selections that nobody uses.
  private func sweepSelections(of runs: @escaping @Sendable () -> [LiveRun]) {
    Thread.start {
      while true {
        sleep(Self.sweepInterval)
        for tree in runs().flatMap(\.trees) {
          for (directory, name) in tree.sweepSelections() { invalidate(directory, name) }
        }
      }
    }
  }

  private func pause(_ seconds: Double, _ body: () -> Void) {
    let clock = ContinuousClock()
    let time = clock.measure(body)
    let (whole, attoseconds) = time.components
    let spent = Double(whole) + Double(attoseconds) * 1e-18
    usleep(UInt32(min(3600, max(seconds, spent * Double(Self.share))) * 1e6))
  }

  /// - Parameter top: the directory that shows the run.
  private func refresh(_ run: LiveRun, at top: Node) {
    for tree in run.closeRetired() { dismiss(tree) }
    do throws(EXDFError) {
      guard try run.refresh() else { return }
    } catch {
      // A store that fails for a while: the run stays as it was.
      logger.debug("the run stays as it was: \(error)")
      return
    }
    logger.info("the run \(run.current.run.path) has changed")
    do throws(TreeError) {
      // Not listed as a reader lists it, which has the tables made.
      for name in try top.names() { invalidate(top, name) }
    } catch {
      logger.warning("what the kernel remembers of \(run.current.run.path) may be old: \(error)")
    }
  }
}
