internal import CHDF5

/// The innermost entry of libhdf5's error stack of this thread, right after a call that failed.
struct RecorderErrorStack {
  /// The function inside libhdf5 that found the fault.
  private(set) var function = ""
  /// What it says.
  private(set) var text = ""

  init() {
    withUnsafeMutablePointer(to: &self) { stack in
      _ = H5Ewalk2(
        hid_t(H5E_DEFAULT), H5E_WALK_UPWARD,
        { _, entry, result in
          if let entry, let result = result?.assumingMemoryBound(to: RecorderErrorStack.self) {
            result.pointee.function = entry.pointee.func_name.map { String(cString: $0) } ?? ""
            result.pointee.text = entry.pointee.desc.map { String(cString: $0) } ?? ""
          }
          return 1  // the first is the innermost: stop
        }, stack)
    }
  }

  /// True if H5Dread_chunk failed because there is no such chunk. Seen with 1.10.8: the innermost entry
  /// is then this function's own ("storage is not initialized" for a dataset without any chunk). The function is
  /// compared and not the words, which other versions may change; that an unreadable index is reported from further in
  /// is taken from how libhdf5 stacks its errors, and has not been provoked.
  var saysUnallocated: Bool { function == "H5D__chunk_direct_read" }
}
