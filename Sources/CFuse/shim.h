#pragma once

// The protocol revision of Debian 12's libfuse 3.14. Do not define _FILE_OFFSET_BITS here: the module would then disagree
// with Swift's Glibc about struct flock and struct statvfs; off_t has 64 bits on every platform we build for.
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
