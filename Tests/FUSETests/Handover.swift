import FUSE
import Glibc
import Synchronization

/// Takes a reply to another thread.
final class Handover: Sendable {
  private let reply: Mutex<ReadReply?>

  init(_ reply: consuming ReadReply) { self.reply = Mutex(reply) }

  func send(_ bytes: [UInt8]) {
    detachThread { [self] in
      usleep(200)
      guard let reply = reply.withLock({ $0.take() }) else { return }
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
      defer { memory.deallocate() }
      memory.copyBytes(from: bytes)
      reply.send(UnsafeRawBufferPointer(memory))
    }
  }

  func failWhenInterrupted() {
    detachThread { [self] in
      guard let reply = reply.withLock({ $0.take() }) else { return }
      while !reply.isInterrupted { usleep(1000) }
      reply.fail(.interrupted)
    }
  }
}

/// Runs `body` on a thread of its own: blocking calls on a mount must not take threads of the pool the tests run on.
@discardableResult
func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t {
  final class Start {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var thread = pthread_t()
  let start = Unmanaged.passRetained(Start(body)).toOpaque()
  let failure = pthread_create(
    &thread, nil,
    { argument in
      guard let argument else { return nil }
      Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
      return nil
    }, start)
  precondition(failure == 0)
  return thread
}

func detachThread(_ body: @escaping @Sendable () -> Void) { pthread_detach(startThread(body)) }
