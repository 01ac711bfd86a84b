#pragma once

// The protocol revision of Debian 12's libfuse 3.14. Do not define _FILE_OFFSET_BITS here: the module would then disagree
// with Swift's Glibc about struct flock and struct statvfs; off_t has 64 bits on every platform we build for.
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

// Headers that Swift's Glibc module does not carry.
#include <malloc.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/xattr.h>
#include <unistd.h>

/// Freed blocks up to 32 MiB (the largest limit glibc takes) stay in the process: otherwise each buffer of 128 KiB or more is an
/// mmap, page faults and an munmap. And there is one heap, which grows by a megabyte: one for each thread grows by a page and a
/// system call at a time, which was a quarter of the time in which a worker looked up its first files. A shim because the
/// parameters of mallopt are negative macros of <malloc.h>.
static inline int cfuse_prepare_heap(void) {
  return mallopt(M_MMAP_THRESHOLD, 32 << 20) && mallopt(M_TRIM_THRESHOLD, 256 << 20) && mallopt(M_ARENA_MAX, 1) &&
         mallopt(M_TOP_PAD, 1 << 20);
}

/// fork(2): a shim because Swift's Glibc overlay may mark fork unavailable.
static inline pid_t cfuse_fork(void) { return fork(); }

static inline void cfuse_ignore_signal(int number) { (void)number; }

/// Makes `number` do nothing, but interrupt a blocked system call unless it `restarts` those that can be restarted. A shim because
/// sa_handler is a macro over a union. Not SIG_IGN, which programs that are started would inherit.
static inline int cfuse_make_harmless(int number, int restarts) {
  struct sigaction action = {0};
  action.sa_handler = cfuse_ignore_signal;
  action.sa_flags = restarts ? SA_RESTART : 0;
  sigemptyset(&action.sa_mask);
  return sigaction(number, &action, 0);
}
