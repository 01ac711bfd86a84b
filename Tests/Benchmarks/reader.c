// Reads a file in blocks into one reused, page-aligned buffer, and says how long that took:
//     reader [-b BYTES] [-l SECONDS] [-o OFFSET] FILE
// prints `bytes seconds cpu_seconds`. The clock runs from open to close; the buffer exists before.
// -l reads in a circle for that long, beginning at OFFSET, and drops the kernel's pages of the file
// at each turn, so that the filesystem has to answer again.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static int fail(const char *what) {
  fprintf(stderr, "reader: %s: %s\n", what, strerror(errno));
  return 1;
}

int main(int argc, char **argv) {
  size_t block = 1 << 20;
  double limit = 0;
  off_t offset = 0;
  int option;
  while ((option = getopt(argc, argv, "b:l:o:")) != -1) {
    if (option == 'b') block = strtoull(optarg, NULL, 10);
    else if (option == 'l') limit = atof(optarg);
    else if (option == 'o') offset = strtoll(optarg, NULL, 10);
    else return 2;
  }
  if (optind + 1 != argc || block == 0) return 2;
  char *buffer = aligned_alloc(4096, (block + 4095) / 4096 * 4096);
  if (!buffer) return fail("memory");
  memset(buffer, 1, block);

  double start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  int file = open(argv[optind], O_RDONLY);
  if (file < 0 || lseek(file, offset, SEEK_SET) < 0) return fail(argv[optind]);
  unsigned long long total = 0;
  for (;;) {
    ssize_t got = read(file, buffer, block);
    if (got < 0) return fail(argv[optind]);
    total += got;
    if (limit == 0 && got == 0) break;
    if (limit != 0 && now(CLOCK_MONOTONIC) - start >= limit) break;
    if (got == 0) {
      posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
      lseek(file, 0, SEEK_SET);
    }
  }
  close(file);
  printf("%llu %.9f %.9f\n", total, now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
  return 0;
}
