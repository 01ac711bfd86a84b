// A slow store: preloaded into a process, it makes every read of a *.h5 file sleep first.
// The file $SLOWSTORE is shared memory: three 64-bit words, microseconds to sleep (0: off), a count of
// the reads that slept, and the sum of their bytes. It is off until somebody writes the first word, so
// that mounting is quick.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static volatile uint64_t *control;

__attribute__((constructor)) static void attach(void) {
  const char *path = getenv("SLOWSTORE");
  int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (map != MAP_FAILED) control = map;
  close(file);
}

static void delay(int file, size_t bytes) {
  if (!control || control[0] == 0) return;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path);
  if (length < 3 || memcmp(path + length - 3, ".h5", 3) != 0) return;
  __sync_fetch_and_add(&control[1], 1);
  __sync_fetch_and_add(&control[2], bytes);
  usleep(control[0]);
}

static size_t sum(const struct iovec *parts, int count) {
  size_t bytes = 0;
  for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
  return bytes;
}

// Each replacement sleeps, then calls the function it hides.
#define HIDE(type, name, parameters, arguments, bytes)                \
  type name parameters {                                              \
    static type(*real) parameters;                                    \
    if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name);    \
    delay(file, bytes);                                               \
    return real arguments;                                            \
  }

HIDE(ssize_t, read, (int file, void *to, size_t n), (file, to, n), n)
HIDE(ssize_t, pread, (int file, void *to, size_t n, off_t at), (file, to, n, at), n)
HIDE(ssize_t, pread64, (int file, void *to, size_t n, off64_t at), (file, to, n, at), n)
HIDE(ssize_t, readv, (int file, const struct iovec *v, int n), (file, v, n), sum(v, n))
HIDE(ssize_t, preadv, (int file, const struct iovec *v, int n, off_t at), (file, v, n, at), sum(v, n))
HIDE(ssize_t, preadv64, (int file, const struct iovec *v, int n, off64_t at), (file, v, n, at), sum(v, n))
