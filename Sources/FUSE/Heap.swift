internal import CFuse

/// The process's memory as malloc keeps it.
public enum Heap {
  /// Sets malloc up for a daemon: what is freed stays, and all threads share one heap that grows in large steps. To be called
  /// before there are threads, which would have got heaps of their own.
  public static func prepare() { _ = cfuse_prepare_heap() }
}
