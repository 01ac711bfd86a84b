internal import Threads

/// A report that takes long, and is about things that change: made in the background from the first opening on, shared by all
/// who wait for it, and made again when what it is about has changed.
final class BackgroundReport<Subject: Equatable & Sendable>: @unchecked Sendable {
  // Unchecked: every variable is touched inside the monitor only.
  private let subject: @Sendable () -> Subject
  private let make: @Sendable () -> ReportTexts
  private let monitor = Monitor()
  /// Without a subject where what it says may have passed: the next opener has it made again.
  private var latest: (texts: ReportTexts, subject: Subject?)?
  private var isRunning = false

  /// How often somebody who waits looks whether he has been interrupted.
  private static var milliseconds: Int { 30 }

  /// - Parameters:
  ///   - subject: what the report is about, as it is now: equal as long as the report holds.
  ///   - make: makes it; may take minutes.
  init(subject: @escaping @Sendable () -> Subject, make: @escaping @Sendable () -> ReportTexts) {
    self.subject = subject
    self.make = make
  }

  /// The report that was made last, if there is one that may still hold; never waits, starts nothing.
  var latestTexts: ReportTexts? { monitor.withLock { latest?.subject == nil ? nil : latest?.texts } }

  /// The report about things as they are now.
  ///
  /// - Parameter isInterrupted: asked now and then while waiting.
  /// - Returns: nil when interrupted; the making goes on.
  func texts(_ isInterrupted: () -> Bool) -> ReportTexts? {
    let now = subject()
    // What was begun before this call may be about things as they were: it is waited for, and made again once.
    var mayStart = true
    while true {
      let (known, mustStart) = monitor.withLock { () -> (ReportTexts?, Bool) in
        if let latest, latest.subject == now || (!mayStart && !isRunning) { return (latest.texts, false) }
        guard !isRunning, mayStart else { return (nil, false) }
        isRunning = true
        return (nil, true)
      }
      if let known { return known }
      if mustStart {
        mayStart = false
        if !Thread.start({ self.run() }) { run() }
      }
      monitor.withLock {
        if isRunning { _ = monitor.wait(until: Deadline(milliseconds: Self.milliseconds)) }
      }
      if isInterrupted() { return nil }
    }
  }

  private func run() {
    // Before the making: what changes meanwhile makes the next opener ask again.
    let subject = subject()
    let texts = make()
    monitor.withLock {
      latest = (texts, texts.mayPass ? nil : subject)
      isRunning = false
      monitor.broadcast()
    }
  }
}

/// One report, for people and for jq.
struct ReportTexts: Sendable {
  var text: [UInt8]
  var json: [UInt8]
  /// Whether it tells of a store that failed, and may be another the next time.
  var mayPass = false
}
