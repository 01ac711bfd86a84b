/// Owner, group and mode that are shown for something made from several files.
///
/// They never promise a right that a user does not have: programs and people go by them, and so does the kernel where it is told to.
/// Where the files do not agree, they show less.
public struct ShownMode: Hashable, Sendable {
  /// Of the nine bits those for reading.
  public var permissions: UInt32
  public var owner: UInt32
  public var group: UInt32

  /// - Parameters:
  ///   - files: those that it is made from.
  ///   - directories: those that have to be passed on the way to them.
  public init(of files: [FileMode], in directories: [FileMode]) {
    let first = files.first ?? FileMode(permissions: 0o444, owner: 0, group: 0)
    let haveOneOwner = files.allSatisfy { $0.owner == first.owner }
    let haveOneGroup = files.allSatisfy { $0.group == first.group }
    owner = haveOneOwner ? first.owner : 0
    group = haveOneGroup ? first.group : 0

    var common = files.reduce(0o444) { $0 & $1.permissions }
    let (ownersRight, groupsRight) = (common >> 6 & 4, common >> 3 & 4)
    // The owner of one file, or a member of its group, is here taken for one of the others, or of the group, whose bits must hold for
    // that file, too.
    if !haveOneOwner { common &= ownersRight << 3 | ownersRight | 0o700 }
    if !haveOneGroup { common &= 0o700 | groupsRight }
    // The bits of the group are the mask of the list, which may also name users that are shut out.
    if files.contains(where: \.hasAccessList) { common &= 0o700 }
    for directory in directories where !directory.isOpen(for: .enter) {
      let isOpenToGroup = directory.group == group && directory.permissions & 0o010 != 0 && !directory.hasAccessList
      common &= isOpenToGroup ? 0o770 : 0o700
    }
    permissions = common
  }
}
