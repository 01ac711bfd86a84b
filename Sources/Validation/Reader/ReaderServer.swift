internal import Glibc
internal import HDF5

/// The other side of ``ReaderProcess``: takes paths from the socket that is its standard input, and says there what it found in
/// each file, until its client is gone.
public enum ReaderServer {
  /// One file may take so many seconds of processor time: a sound one with 55,000 keys takes two.
  private static let secondsPerFile = 8
  /// Decoding a file of 16 GB takes about 80 seconds a core.
  private static let secondsPerFileOfData = 3600
  /// Reading a file's structure takes megabytes; what asks for more is an absurd count in it. As much as a worker of a mount may have.
  private static let mostMemory: rlim_t = 448 << 20
  /// Reading data takes pieces and chunks of up to a gigabyte.
  private static let mostMemoryForData: rlim_t = 4 << 30

  /// Serves until its client is gone.
  public static func run(_ options: ValidationOptions) {
    closeInherited()
    let most = options.readsData ? mostMemoryForData : mostMemory
    var memory = rlimit(rlim_cur: most, rlim_max: most)
    setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &memory)
    var core = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core)
    let pipe = MessagePipe(socket: 0)
    while let path = try? pipe.receive() {
      limitProcessorTime(options.readsData ? secondsPerFileOfData : secondsPerFile)
      let findings = FileInspector.inspect(String(decoding: path, as: UTF8.self), options)
      guard (try? pipe.send(findings.wire)) != nil else { return }
    }
  }

  /// libhdf5 opens files without O_CLOEXEC, so a daemon's reach its children.
  private static func closeInherited() {
    guard let stream = opendir("/proc/self/fd") else { return }
    var numbers: [Int32] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if let number = Int32(name), number > 2, number != dirfd(stream) { numbers.append(number) }
    }
    closedir(stream)
    for number in numbers { close(number) }
  }

  /// The process is killed when it has used so much more.
  private static func limitProcessorTime(_ seconds: Int) {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    let used = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_CPU.rawValue)
    getrlimit(resource, &limit)
    limit.rlim_cur = min(limit.rlim_max, rlim_t(used + seconds))
    setrlimit(resource, &limit)
  }
}
