import Access
import ArrayIO
import FUSE
import HDF5
import Logging
import Synchronization
import Testing
import Threads

@testable import Mount
@testable import Tree

/// Where the tree meets FUSE, without a kernel: numbers in, attributes, bytes and errnos out.
@Suite struct TreeFileSystemTests {
  /// Rights as a test wants them.
  final class Rights: TreeAccess {
    let letsOthersIn = true
    let denied = Mutex<Set<String>>([])
    let linked = Mutex(false)
    let names: Mutex<[UInt32: String]> = Mutex([:])

    func cacheSeconds(of node: Node) -> Double { 42 }
    func shownMode(of node: Node) -> ShownMode {
      ShownMode(of: [FileMode(permissions: 0o440, owner: 7, group: 8)], in: [])
    }
    private func check(_ node: Node) throws(AccessError) {
      let name = names.withLock { $0[node.object.identity.number] } ?? ""
      if denied.withLock({ $0.contains(name) }) { throw .denied(path: name, user: 1) }
    }
    func checkReading(_ node: Node) throws(AccessError) { try check(node) }
    func checkListing(_ node: Node) throws(AccessError) { try check(node) }
    func checkPassing(_ node: Node) throws(AccessError) { try check(node) }
    func hasLinkedFiles(_ node: Node) -> Bool { linked.withLock { $0 } }
    func checkLinkedFiles(_ node: Node) throws(AccessError) {}
  }

  let mounted: MountedTree
  let rights = Rights()
  let fileSystem: TreeFileSystem

  init() {
    let table = NodeTable()
    func file(_ name: String, _ text: Result<[UInt8], ReadError>, isVolatile: Bool = false, isSlow: Bool = false)
      -> Child
    {
      Child(name, Node(table.add(name) { ValueFile($0, text, isVolatile: isVolatile, isSlow: isSlow) }))
    }
    let damage = ReadError.damaged(file: "/run/a.h5", object: "x", reason: "it is wrong")
    let inner = table.add("inner") { ValueDirectory($0, [file("deep.txt", .success([1]))], isSlow: true) }
    let children = [
      file("text.txt", .success(Array("hello".utf8))), file("bad.txt", .failure(damage)),
      file("gone.txt", .failure(.system(file: "/run/a.h5", errno: 5))),
      file("report.txt", .success([1, 2, 3]), isVolatile: true), file("slow.txt", .success([9]), isSlow: true),
      Child("inner", Node(inner)), Child("link", Node(table.add("link") { ValueLink($0) })),
    ]
    for child in children { rights.names.withLock { $0[child.node.object.identity.number] = child.name } }
    mounted = MountedTree(root: Node(table.add("") { ValueDirectory($0, children) }), table)
    fileSystem = TreeFileSystem(mounted, rights, Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private func refusal(_ body: () throws -> Void) -> Refusal? {
    do {
      try body()
      return nil
    } catch { return error as? Refusal }
  }

  private func withoutWaiting<R>(_ body: () throws -> R) rethrows -> R {
    try Request.$current.withValue(Request(mayWait: false), operation: body)
  }

  @Test func attributesOfWhatIsThere() throws {
    let text = try fileSystem.lookup("text.txt", in: 1)
    #expect(text.kind == .file && text.size == 5 && text.permissions == 0o440 && text.owner == 7 && text.group == 8)
    #expect(text.modificationSeconds == 5 && text.isStable)
    let again = try fileSystem.attributes(of: text.inode)
    #expect(text.inode > 1 && text.inode == again.inode)
    let inner = try fileSystem.lookup("inner", in: 1)
    #expect(inner.kind == .directory && inner.permissions == 0o550)
    let link = try fileSystem.lookup("link", in: 1)
    #expect(link.kind == .symbolicLink && link.size == 8)
    #expect(try fileSystem.readLink(link.inode) == "text.txt")
    #expect(fileSystem.cacheSeconds(of: text.inode) == 42)
  }

  @Test func errorsAreErrnos() throws {
    #expect(refusal { _ = try fileSystem.lookup("none", in: 1) } == .error(.noSuchFileOrDirectory))
    #expect(refusal { _ = try fileSystem.lookup(String(repeating: "x", count: 256), in: 1) } == .error(.nameTooLong))
    #expect(refusal { _ = try fileSystem.attributes(of: 12345) } == .error(.noSuchFileOrDirectory))
    for name in ["bad.txt", "gone.txt"] {
      #expect(refusal { _ = try fileSystem.lookup(name, in: 1) } == .error(.inputOutput))
    }
    let text = try fileSystem.lookup("text.txt", in: 1).inode
    let inner = try fileSystem.lookup("inner", in: 1).inode
    #expect(refusal { _ = try fileSystem.open(inner) } == .error(.isADirectory))
    #expect(refusal { try fileSystem.openDirectory(text) } == .error(.notADirectory))
    #expect(refusal { _ = try fileSystem.lookup("x", in: text) } == .error(.notADirectory))
    #expect(refusal { _ = try fileSystem.readLink(text) } == .error(.invalidArgument))
    #expect(refusal { _ = try fileSystem.extendedAttribute("user.none", of: text) } == .error(.noAttribute))
    #expect(try fileSystem.extendedAttribute("user.dtype", of: text) == Array("<f4".utf8))
    #expect(try fileSystem.extendedAttributeNames(of: text) == ["user.dtype"])
  }

  /// A thread that answers the kernel does not wait: a name whose attributes are not there is known without them.
  @Test func whatHasToBeWaitedFor() throws {
    let slow = try withoutWaiting { try fileSystem.lookup("slow.txt", in: 1) }
    #expect(slow.kind == .file && slow.size == 0 && !slow.isStable)
    #expect(withoutWaiting { refusal { _ = try fileSystem.attributes(of: slow.inode) } } == .mustWait)
    #expect(try fileSystem.attributes(of: slow.inode).size == 1)
    let inner = try fileSystem.lookup("inner", in: 1).inode
    #expect(withoutWaiting { refusal { try fileSystem.openDirectory(inner) } } == .mustWait)
    #expect(withoutWaiting { refusal { _ = try fileSystem.lookup("deep.txt", in: inner) } } == .mustWait)
    #expect(try fileSystem.lookup("deep.txt", in: inner).size == 1)
  }

  @Test func rightsAreAskedBeforeAnythingIsTold() throws {
    let text = try fileSystem.lookup("text.txt", in: 1).inode
    let inner = try fileSystem.lookup("inner", in: 1).inode
    rights.denied.withLock { $0 = ["text.txt", "inner"] }
    let denied = Refusal.error(Errno(rawValue: 13))
    #expect(refusal { _ = try fileSystem.open(text) } == denied)
    #expect(refusal { _ = try fileSystem.attributes(of: text) } == denied)
    #expect(refusal { _ = try fileSystem.extendedAttribute("user.dtype", of: text) } == denied)
    #expect(refusal { try fileSystem.access(text, reads: true, enters: false) } == denied)
    #expect(refusal { try fileSystem.openDirectory(inner) } == denied)
    #expect(refusal { _ = try fileSystem.lookup("deep.txt", in: inner) } == denied)
    #expect(refusal { _ = try fileSystem.lookup("none", in: inner) } == denied)
    // The mount point itself is there for all.
    #expect(try fileSystem.attributes(of: 1).kind == .directory)
  }

  @Test func whatThePageCacheMayKeep() throws {
    fileSystem.allowDirectIO()
    let text = try fileSystem.open(try fileSystem.lookup("text.txt", in: 1).inode)
    #expect(!text.directIO && text.keepCache && text.file.isInMemory)
    // Two openings of a report may be two texts.
    let report = try fileSystem.lookup("report.txt", in: 1)
    #expect(report.size == 0 && !report.isStable)
    let opened = try fileSystem.open(report.inode)
    #expect(opened.directIO && !opened.keepCache)
    // What comes from files that the run leads to is asked for at every read.
    rights.linked.withLock { $0 = true }
    let linked = try fileSystem.open(try fileSystem.lookup("text.txt", in: 1).inode)
    #expect(linked.directIO && !linked.keepCache)
  }
}

/// Which files go past the page cache.
@Suite struct CachingPolicyTests {
  struct Source: ByteSource {
    var size: Int
    var isEncoded: Bool
    var longestWindow: Int { 8 << 20 }
    var needsDecoding: Bool { get throws(ReadError) { isEncoded } }
    func read(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) -> Int { 0 }
  }

  @Test func policy() throws {
    let policy = CachingPolicy()
    let plain = Source(size: 8 << 20, isEncoded: false)
    let encoded = Source(size: 8 << 20, isEncoded: true)
    #expect(try !policy.isDirect(1, plain), "before it is known that such files can be mapped")
    policy.allowDirectIO()
    #expect(try policy.isDirect(1, plain))
    #expect(try policy.isDirect(1, plain), "its bytes are in the page cache already, as the HDF5 file's")
    #expect(try policy.isDirect(2, encoded))
    #expect(try !policy.isDirect(2, encoded), "what is opened again is worth keeping decoded")
    #expect(try !policy.isDirect(3, Source(size: 100, isEncoded: false)))
    #expect(try policy.isDirect(4, Source(size: 1 << 50, isEncoded: true)))
    #expect(try policy.isDirect(4, Source(size: 1 << 50, isEncoded: true)), "it would push out everything else")
  }
}
