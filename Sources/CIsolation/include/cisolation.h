#pragma once

// What a process needs that reads files for another one without any right of its own. In C because the control messages of sendmsg(2)
// and the filters of seccomp(2) are put together by macros, and Swift's Glibc module lacks the rest.

#include <stdint.h>

/// Sends one byte, and with it a descriptor unless that is negative. Returns 0, or an errno.
int32_t cisolation_send_descriptor(int32_t socket, uint8_t byte, int32_t descriptor);

/// Receives one byte and the descriptor that came with it, closed on exec; -1 where none came. Returns 0, or an errno (EPIPE where the
/// other side is gone).
int32_t cisolation_receive_descriptor(int32_t socket, uint8_t *byte, int32_t *descriptor);

/// Forbids this process, for good, to open files by name (open, openat, openat2, creat, execve fail with EACCES); what it is handed
/// over a socket it may still use. Returns 0, or an errno where the kernel has no filters.
int32_t cisolation_forbid_opening(void);

/// Closes every descriptor from `first` on.
void cisolation_close_from(uint32_t first);

/// Makes root an ordinary user and group without any rights, for good. Returns 0, or an errno.
int32_t cisolation_drop_root(uint32_t user);
