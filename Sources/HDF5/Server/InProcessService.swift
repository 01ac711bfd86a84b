internal import Synchronization

/// Answers questions in this process, one after the other.
final class InProcessService: HDF5Service {
  /// Only touched by the holder of libhdf5's token, which the closing of files needs too.
  private struct State: ~Copyable, @unchecked Sendable {
    // Unchecked: files are open in libhdf5, whose calls are serialised by the token.
    var server = FileServer(mostFiles: 16)
  }
  private let state = Mutex(State())

  func answers(
    to request: FileServer.Request, open: @escaping @Sendable (String) -> Result<IdentifiedFile, PassingError>
  ) throws(PassingError) -> Result<[UInt8], HDF5Error> {
    let failure = OpeningFailure()
    let outcome = HDF5Library.withLock { library in
      state.withLock { state in
        state.server.answer(
          request,
          { path in
            switch open(path) {
            case .success(let opened): return .success(opened)
            case .failure(let error):
              failure.note(error)
              return .failure(FileDriver.Errno(number: error.openingErrno))
            }
          }, library)
      }
    }
    return .success(try outcome.bytes(failure.first, of: request.name))
  }

  deinit { HDF5Library.withLock { library in state.withLock { $0.server.closeAll(library) } } }
}

/// Why a file could not be opened for libhdf5: the first reason, which is more than the errno that libhdf5 hands on.
final class OpeningFailure: Sendable {
  private let error = Mutex<PassingError?>(nil)
  var first: PassingError? { error.withLock { $0 } }

  func note(_ new: PassingError) {
    // A linked file that is not there is looked for in several places, and then is a fact.
    guard new.openingErrno != 2 else { return }
    error.withLock { $0 = $0 ?? new }
  }
}

extension FileServer.Outcome {
  /// - Throws: ``PassingError`` where the request has failed.
  func bytes(_ opening: PassingError?, of path: String) throws(PassingError) -> [UInt8] {
    switch self {
    case .answered(let bytes): return bytes
    case .failed(let errno): throw opening ?? PassingError(errno: errno, file: path)
    }
  }
}
