#pragma once

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

// The credentials of one thread. Shims because syscall(2) is variadic, which Swift cannot call; and system calls because glibc's
// setgroups changes the groups of all threads.

static inline int caccess_set_groups(size_t count, const gid_t *groups) {
  return (int)syscall(SYS_setgroups, count, groups);
}

/// Sets the user whose rights to files the thread has. The call itself reports no failure: it returns the previous user.
static inline uid_t caccess_set_file_user(uid_t user) { return (uid_t)syscall(SYS_setfsuid, user); }

/// The same for the group.
static inline gid_t caccess_set_file_group(gid_t group) { return (gid_t)syscall(SYS_setfsgid, group); }

/// Whether a capability of the thread overrides the permissions of files; -1 where the system does not say.
static inline int caccess_overrides_permissions(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
  if (syscall(SYS_capget, &header, sets) != 0) return -1;
  return (sets[0].effective & (1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH)) != 0;
}

/// access(2) with the rights of the thread, where `flags` is AT_EACCESS: glibc's faccessat goes by the rights of the process where the
/// kernel is older than 5.8, and this fails there with ENOSYS.
static inline int caccess_faccessat2(int directory, const char *path, int mode, int flags) {
#ifdef SYS_faccessat2
  return (int)syscall(SYS_faccessat2, directory, path, mode, flags);
#else
  (void)directory, (void)path, (void)mode, (void)flags;
  errno = ENOSYS;
  return -1;
#endif
}
