internal import Bridge
internal import Glibc
internal import HDF5
internal import RunArrays
internal import Synchronization
internal import Threads

/// Sends the trains of a stream, and says how far it is.
struct Streaming {
  let server: BridgeServer
  let stream: TrainStream
  /// Of the run.
  let trains: Int
  let interruption: Interruption
  /// Trains in a second at most.
  let rate: Double?

  /// How long a train is waited for before it is looked whether it is still wanted, in milliseconds.
  private static let patience = 100
  /// How long clients have to take what was sent to them once the sending is interrupted, in milliseconds.
  private static let lastMoments: Int32 = 500

  /// Sends all trains, or those before an interruption.
  /// - Throws: ``HDF5/ReadError`` where a train cannot be read, after those before it have been sent; ``Bridge/BridgeError``.
  func run(_ encoder: BridgeEncoder, waitingForSubscribers subscribers: Int) throws {
    var encoder = encoder
    var progress = StreamProgress(trains: trains)
    let interruption = interruption
    progress.begin(at: server.endpoint)
    defer { stream.cancel() }
    guard stream.start() else { throw Failure("the system has no thread to give") }
    let begins = server.waitForSubscribers(subscribers) { !interruption.hasCome }
    var due = Moment.now()
    do {
      sending: while begins, !interruption.hasCome {
        switch try stream.next(within: Self.patience) {
        case .pending: continue
        case .end: break sending
        case .train(let train):
          let message = encoder.message(of: train)
          if let rate {
            due.wait { !interruption.hasCome }
            // A train that was late makes up for nothing: the next one comes after a whole interval.
            due = max(due, Moment.now()).advanced(by: 1 / rate)
          }
          guard try server.send(message, while: { !interruption.hasCome }) else { break sending }
          progress.note(train.trainID)
        }
      }
    } catch {
      progress.end()
      server.close(lingering: -1)
      throw error
    }
    progress.end()
    server.close(lingering: interruption.hasCome ? Self.lastMoments : -1)
    progress.stopped()
  }
}

/// A moment of the monotonic clock, in seconds.
private struct Moment: Comparable {
  var seconds: Double

  static func now() -> Moment {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Moment(seconds: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
  }

  static func < (left: Moment, right: Moment) -> Bool { left.seconds < right.seconds }

  func advanced(by interval: Double) -> Moment { Moment(seconds: seconds + interval) }

  func wait(while isWanted: () -> Bool) {
    while isWanted() {
      let left = seconds - Self.now().seconds
      guard left > 0 else { return }
      usleep(UInt32(min(left, 0.1) * 1e6) + 1)
    }
  }
}

/// What is said on the standard output while trains are sent, in the words of Python's server.
private struct StreamProgress {
  let trains: Int
  private var sent = 0
  private var train: UInt64 = 0
  private var times: [Double] = []
  private let isTerminal = isatty(1) == 1

  init(trains: Int) { self.trains = trains }

  func begin(at endpoint: String) {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let any = "tcp://0.0.0.0:"
    put(
      "Streamer started on: \(endpoint.hasPrefix(any) ? "tcp://\(host):\(endpoint.dropFirst(any.count))" : endpoint)\n")
  }

  mutating func note(_ train: UInt64) {
    sent += 1
    self.train = train
    times.append(Moment.now().seconds)
    if times.count > 10 { times.removeFirst() }
    if isTerminal, sent % 5 == 0 { put(line + "\r") }
  }

  func end() { put(line + "\n") }

  func stopped() { put("Stopped.\n") }

  private var line: String {
    let span = (times.last ?? 0) - (times.first ?? 0)
    let tenths = span > 0 ? Int(Double(times.count - 1) / span * 10) : 0
    return "Sent \(sent)/\(trains) trains - Train ID \(train) - \(tenths / 10).\(tenths % 10) Hz"
  }

  private func put(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(1, bytes, bytes.count)
  }
}

/// Notes Ctrl-C, SIGTERM and SIGHUP, for a command that comes to a good end by itself; the second of them ends the process at once.
final class Interruption: Sendable {
  private let flag = Atomic(false)

  var hasCome: Bool { flag.load(ordering: .relaxed) }

  /// To be made before the process starts a thread: a signal must not find one that it can end the process in.
  init() {
    let signals = [SIGINT, SIGTERM, SIGHUP]
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    let blocked = set
    Thread.start { [self] in
      var blocked = blocked
      var number: Int32 = 0
      guard sigwait(&blocked, &number) == 0 else { return }
      flag.store(true, ordering: .relaxed)
      for signal in signals { Glibc.signal(signal, SIG_DFL) }
      pthread_sigmask(SIG_UNBLOCK, &blocked, nil)
      while true { pause() }
    }
  }
}
