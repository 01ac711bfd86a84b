import Testing

@testable import FUSE

@Suite struct MountOptionsTests {
  @Test func wordsOfMountAreSwallowed() throws {
    var options = MountOptions()
    try options.parse(
      "ro,rw,noauto,auto,user,nouser,users,owner,_netdev,nofail,nodev,nosuid,noexec,dev,suid,exec,noatime,atime,"
        + "nodiratime,relatime,defaults,nonempty,x-systemd.automount,x-systemd.idle-timeout=10min,comment=anything,,")
    #expect(options == MountOptions())
  }

  @Test func knownWords() throws {
    var options = MountOptions()
    try options.parse(#"allow_other,auto_unmount,default_permissions,fsname=a\,b:c=d,subtype=xfelfs"#)
    #expect(options.allowsOther && options.autoUnmount && options.checksPermissions && !options.allowsRoot)
    #expect(options.sourceName == "a,b:c=d")
    #expect(
      options.libraryList
        == #"ro,nosuid,nodev,noexec,noatime,fsname=a\,b:c=d,subtype=xfelfs,allow_other,default_permissions"#)
  }

  /// A file system that checks the caller of each request knows more than the permission bits.
  @Test func permissionBitsAreCheckedUnlessTheFileSystemDoes() {
    func hasPermissionBits(_ change: (inout MountOptions) -> Void) -> Bool {
      var options = MountOptions()
      change(&options)
      return options.libraryList.split(separator: ",").contains("default_permissions")
    }
    #expect(!hasPermissionBits { _ in })
    #expect(hasPermissionBits { $0.allowsOther = true })
    #expect(!hasPermissionBits { ($0.allowsOther, $0.checksCallers) = (true, true) })
    #expect(hasPermissionBits { ($0.allowsOther, $0.checksCallers, $0.checksPermissions) = (true, true, true) })
    #expect(hasPermissionBits { ($0.allowsRoot, $0.checksCallers) = (true, true) })
  }

  @Test func leftoversForTheCaller() throws {
    var options = MountOptions()
    let words = try options.take("uid=1,allow_root,stub,window=a=b")
    #expect(words == [.init(key: "uid", value: "1"), .init(key: "stub"), .init(key: "window", value: "a=b")])
    #expect(words.map(\.description) == ["uid=1", "stub", "window=a=b"])
    #expect(options.allowsRoot)
  }

  @Test(arguments: [
    ("foo=1", "unknown mount option: foo=1"), ("max_read=4096", "unknown mount option: max_read=4096"),
    ("fsname", "mount option fsname needs a value: fsname=VALUE"),
    ("fsname=", "mount option fsname needs a value: fsname=VALUE"),
    ("allow_other=yes", "mount option allow_other takes no value"),
    ("subtype=x", "option subtype can only be xfelfs, not x"),
  ])
  func errors(list: String, message: String) {
    var options = MountOptions()
    #expect(throws: MountError(message)) { try options.parse(list) }
  }

  @Test func allowOtherNeedsTheAdministrator() throws {
    var options = MountOptions()
    options.allowsOther = true
    try options.check(isRoot: true, configuration: "")
    try options.check(isRoot: false, configuration: "mount_max = 3\n  user_allow_other  \n")
    let error = #expect(throws: MountError.self) {
      try options.check(isRoot: false, configuration: "#user_allow_other\n")
    }
    #expect(error?.message.contains("user_allow_other in /etc/fuse.conf") == true)
    options.allowsRoot = true
    #expect(throws: MountError.self) { try options.check(isRoot: true, configuration: "") }
  }

  @Test func backslashes() {
    #expect(MountOptions.escape(#"a,b\c"#) == #"a\,b\\c"#)
    #expect(MountOptions.words(of: #"fsname=a\,b\\c,x"#).map(\.value) == [#"a,b\c"#, nil])
  }
}
