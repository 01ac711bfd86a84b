internal import ArgumentParser
internal import Bridge
internal import EXDF
internal import Glibc
internal import HDF5
internal import Logging
internal import RunArrays
internal import Tree

/// `xfelfs serve SOURCE ENDPOINT`.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Stream a run's trains to clients of Karabo bridge, as karabo-bridge-serve-files does.",
    discussion: """
      All trains are sent once, each with the time at which it was recorded. REP gives a train to each client that asks; PUSH gives \
      them to the clients in turn; PUB gives all of them to every client, and begins without one unless it is told to wait.
      """)

  @Argument(help: "The run.") var source: String
  @Argument(help: "A TCP port (0: any that is free), or an endpoint such as tcp://*:4545 or ipc:///path.") var endpoint:
    String
  @Option(name: [.customShort("z"), .customLong("socket-type"), .customLong("socket")], help: "REP, PUSH or PUB.")
  var socketType = Choice(BridgeServer.Pattern.reply)
  @Option(name: .customLong("protocol"), help: "The version of the protocol: 2.2 or 1.0.") var version =
    Choice(BridgeEncoder.Version.current)
  @Option(name: .customLong("source"), help: ArgumentHelp("Send only sources that match.", valueName: "glob"))
  var sourceGlob: String?
  @Option(name: .customLong("key"), help: ArgumentHelp("Send only keys that match.", valueName: "glob"))
  var keyGlob: String?
  @OptionGroup(title: "What of the run") var options: RunOptions
  @Flag(
    help: "Send the modules of each AGIPD, DSSC and LPD as one source, their pixels stacked: <detector>/DET/APPEND.")
  var appendDetectorModules = false
  @Flag(help: "Give stacked pixels the axes of the online stream, which OM and OnDA need: modules, x, y, frames.")
  var onlineAxes = false
  @Flag(help: "Send the present time in place of that at which a train was recorded.") var dummyTimestamps = false
  @Option(help: ArgumentHelp("Send no more trains in a second than this.", valueName: "Hz")) var rate: Double?
  @Flag(help: "Begin again after the last train, until interrupted.") var loop = false
  @Option(help: ArgumentHelp("With PUB: begin when so many clients have subscribed.", valueName: "n"))
  var waitForSubscribers = 0
  @Flag(help: "With a port: serve at the address of the network interface ib0, if there is one.") var useInfiniband =
    false

  func validate() throws {
    if let rate, !(rate > 0 && rate <= 1e6) { throw ValidationError("--rate takes a positive number") }
    guard waitForSubscribers >= 0 else { throw ValidationError("--wait-for-subscribers takes a number of clients") }
    guard waitForSubscribers == 0 || socketType.value == .publish else {
      throw ValidationError("--wait-for-subscribers is for PUB: the other sockets wait for clients anyway")
    }
    guard !onlineAxes || appendDetectorModules else {
      throw ValidationError("--online-axes is for stacked pixels: add --append-detector-modules")
    }
  }

  func run() throws {
    let interruption = Interruption()
    let logger = Logger.program()
    let report: @Sendable (String) -> Void = { logger.warning("\($0)") }
    let arrays = try OpenRun.run(source, request, logger).arrays
    let plan = try plan(arrays, report)
    let time: BridgeEncoder.Time =
      dummyTimestamps ? .present { Self.now() } : .recorded(try arrays.run.trainTimes().timestamps)
    do {
      let server = try BridgeServer(
        socketType.value, at: try Self.endpoint(endpoint, useInfiniband), messageSize: plan.mostBytes, report: report)
      let streaming = Streaming(
        server: server, stream: TrainStream(TrainReader(plan), repeats: loop), trains: arrays.run.trainIDs.count,
        interruption: interruption, rate: rate)
      try streaming.run(
        BridgeEncoder(plan, version: version.value, time: time, report: report),
        waitingForSubscribers: waitForSubscribers)
    } catch let error as BridgeError {
      throw Failure(error.description)
    } catch let error as ReadError {
      throw Failure(error.description)
    }
  }

  private func plan(_ arrays: RunArrays, _ report: @escaping (String) -> Void) throws -> TrainPlan {
    do throws(ReadError) {
      return try TrainPlan(
        arrays, modules: appendDetectorModules ? .joined(onlineAxes: onlineAxes) : .apart, report: report)
    } catch {
      throw Failure(error.description)
    }
  }

  /// The words of Python's server, `--source` and `--key`, are one pattern of a selection.
  private var request: RunRequest {
    var request = options.request
    if sourceGlob != nil || keyGlob != nil {
      request.selection.select.append(SourcePattern(source: sourceGlob ?? "*", key: keyGlob ?? "*"))
    }
    return request
  }

  private static func endpoint(_ text: String, _ useInfiniband: Bool) throws(Failure) -> String {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return text }
    guard let port = UInt16(text) else { throw Failure("\(text) is no TCP port: the largest is 65535") }
    return "tcp://\(useInfiniband ? NetworkInterface.address(of: "ib0") ?? "*" : "*"):\(port)"
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(max(0, time.tv_sec)) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// A choice among the cases of an enum, by their raw values.
struct Choice<Value: RawRepresentable & CaseIterable & Sendable>: ExpressibleByArgument where Value.RawValue == String {
  let value: Value

  init(_ value: Value) { self.value = value }

  init?(argument: String) {
    guard let value = Value(rawValue: argument) else { return nil }
    self.value = value
  }

  var defaultValueDescription: String { value.rawValue }
  static var allValueStrings: [String] { Value.allCases.map(\.rawValue) }
}

/// The network interfaces of this machine.
enum NetworkInterface {
  /// The IPv4 address of an interface; nil where there is none.
  static func address(of name: String) -> String? {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return nil }
    defer { freeifaddrs(list) }
    var next = list
    while let entry = next {
      next = entry.pointee.ifa_next
      guard String(cString: entry.pointee.ifa_name) == name, let address = entry.pointee.ifa_addr,
        Int32(address.pointee.sa_family) == AF_INET
      else { continue }
      var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let length = socklen_t(MemoryLayout<sockaddr_in>.size)
      guard getnameinfo(address, length, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0 else { continue }
      return String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    return nil
  }
}
