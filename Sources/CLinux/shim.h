#pragma once

// Calls of Linux that glibc declares for _GNU_SOURCE alone, which Swift's Glibc module does not define. Their headers are not
// included: what those declare besides would then belong to this module and not to Glibc.

/// O_PATH of open(2), on x86 and ARM: a directory is held without the right to list it.
enum { CLINUX_O_PATH = 010000000 };

/// RENAME_NOREPLACE of renameat2(2).
enum { CLINUX_RENAME_NOREPLACE = 1 };

/// renameat2(2).
extern int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned int flags);

/// syncfs(2): writes what the file system of an open file has in memory to the disk.
extern int syncfs(int descriptor);
