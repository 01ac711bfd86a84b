import Testing

@testable import FUSE

@Suite struct KnownGroupsTests {
  @Test func groupsAreReadOnce() {
    let known = KnownGroups()
    let thread = KnownGroups.Thread(number: 7, user: 1, group: 2)
    #expect(known.groups(of: thread) { [3, 4] } == [3, 4])
    #expect(known.groups(of: thread) { [5] } == [3, 4])
  }

  @Test func anotherUserWithTheSameNumberIsAnotherThread() {
    let known = KnownGroups()
    _ = known.groups(of: KnownGroups.Thread(number: 7, user: 1, group: 2)) { [3] }
    #expect(known.groups(of: KnownGroups.Thread(number: 8, user: 1, group: 2)) { [] } == [])
    #expect(known.groups(of: KnownGroups.Thread(number: 7, user: 2, group: 2)) { [] } == [])
    #expect(known.groups(of: KnownGroups.Thread(number: 7, user: 1, group: 3)) { [] } == [])
  }

  @Test func theyAreForgotten() {
    let known = KnownGroups(lifetime: 0)
    let thread = KnownGroups.Thread(number: 7, user: 1, group: 2)
    #expect(known.groups(of: thread) { [3] } == [3])
    #expect(known.groups(of: thread) { [4] } == [4])
  }

  @Test func memoryIsBounded() {
    let known = KnownGroups()
    for number in 0..<5000 {
      _ = known.groups(of: KnownGroups.Thread(number: Int32(number), user: 1, group: 2)) { [3] }
    }
    #expect(known.count <= 1024)
  }
}
