internal import HDF5
internal import Synchronization
internal import Threads

/// Threads for what is asked of many files: each waits for a worker process, or for a store.
private let threadsForFiles = 16

/// Has `body` run for each element, several at a time.
///
/// On a cold GPFS it is the open and the first block that take long (4 minutes for 400 files one after the other, EXDF.md 8).
/// - Throws: the first error; nothing new is begun after it.
func concurrently<Element: Sendable, R: Sendable>(
  _ elements: [Element], _ body: @escaping @Sendable (Element) throws(ReadError) -> R
) throws(ReadError) -> [R] {
  // One thread that must not wait would only start others in order to be told so.
  guard elements.count > 1, Request.current.mayWait else {
    var results: [R] = []
    for element in elements { results.append(try body(element)) }
    return results
  }
  let results = Mutex<[R?]>([R?](repeating: nil, count: elements.count))
  let failure = Mutex<ReadError?>(nil)
  let request = Request.current
  let pool = WorkerPool(threads: threadsForFiles, waiting: threadsForFiles, isTemporary: true)
  pool.together(elements.count) { number in
    guard failure.withLock({ $0 == nil }) else { return }
    Request.$current.withValue(request) {
      do throws(ReadError) {
        let result = try body(elements[number])
        results.withLock { $0[number] = result }
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
  }
  if let failure = failure.withLock({ $0 }) { throw failure }
  return results.withLock { $0.compactMap { $0 } }
}
