// A read-only file system that shows a directory and fails on demand, to see what becomes of whoever reads from it:
//
//     gcc faultfs.c -o faultfs $(pkg-config --cflags --libs fuse3)
//     ./faultfs DIRECTORY CONTROL COUNTERS MNT [options of FUSE]
//
// CONTROL is a text of lines `MODE [VALUE] [GLOB]`; it may be replaced at any moment. The first line whose GLOB matches
// the name of a file says what happens to it; without a GLOB it is every file's. What no line matches is sound. The
// modes:
//
//     ok             nothing goes wrong
//     eio SHARE      this share of the reads fails with EIO
//     eiofirst N     the first N reads of each file fail with EIO, counted from the last change of CONTROL
//     hang           reads do not come back while this is said; not even when their reader is killed
//     hangopen       neither do openings
//     sleep MS       each read takes so many milliseconds longer
//     short SHARE    this share of the reads brings fewer bytes than were asked for, one at least
//     zero SHARE     this share of the reads brings nothing, as if the file ended there
//
// COUNTERS is made anew: one record of 256 bytes for each file that was opened, see `struct counter`. Whoever maps or
// reads the file sees the counts as they go up.
#define _GNU_SOURCE
#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <fuse.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum mode { OK, EIO_SHARE, EIO_FIRST, HANG, HANG_OPEN, SLEEP, SHORT, ZERO };
static const char *const mode_names[] = {"ok", "eio", "eiofirst", "hang", "hangopen", "sleep", "short", "zero"};

struct rule {
  enum mode mode;
  double value;
  char glob[256];
};

struct counter {
  char name[224];
  uint64_t opens;
  uint64_t reads;
  uint64_t faults;   // reads and openings that did not go as they should
  uint64_t failed_first;   // reads that `eiofirst` has failed since CONTROL changed
};
_Static_assert(sizeof(struct counter) == 256, "the tests read records of this size");

enum { most_rules = 64, most_files = 4096 };

static const char *directory, *control;
static struct counter *counters;

// Guards what is below it.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rule rules[most_rules];
static int rule_count;
static struct stat control_status;
static struct drand48_data chance;

static bool parse(char *line, struct rule *rule) {
  char *rest = NULL;
  char *word = strtok_r(line, " \t\n", &rest);
  if (!word || word[0] == '#') return false;
  *rule = (struct rule){.mode = OK, .value = 1, .glob = "*"};
  int mode = 0;
  while (mode <= ZERO && strcmp(mode_names[mode], word) != 0) mode++;
  if (mode > ZERO) {
    fprintf(stderr, "faultfs: there is no mode %s\n", word);
    return false;
  }
  rule->mode = mode;
  word = strtok_r(NULL, " \t\n", &rest);
  if (word) {
    char *end = NULL;
    double value = strtod(word, &end);
    if (*end == 0) {
      rule->value = value;
      word = strtok_r(NULL, " \t\n", &rest);
    }
  }
  if (word) snprintf(rule->glob, sizeof rule->glob, "%s", word);
  return true;
}

// Reads CONTROL again if it has been replaced. With `lock` held.
static void update_rules(void) {
  struct stat status;
  if (stat(control, &status) < 0) return;
  if (status.st_ino == control_status.st_ino && status.st_size == control_status.st_size &&
      status.st_mtim.tv_sec == control_status.st_mtim.tv_sec &&
      status.st_mtim.tv_nsec == control_status.st_mtim.tv_nsec)
    return;
  FILE *file = fopen(control, "r");
  if (!file) return;
  control_status = status;
  rule_count = 0;
  char line[1024];
  while (rule_count < most_rules && fgets(line, sizeof line, file))
    if (parse(line, &rules[rule_count])) rule_count++;
  fclose(file);
  for (int i = 0; i < most_files && counters[i].name[0]; i++) counters[i].failed_first = 0;
}

static const char *name_of(const char *path) { return strrchr(path, '/') + 1; }

// With `lock` held.
static struct counter *counter_of(const char *name) {
  int i = 0;
  while (i < most_files - 1 && counters[i].name[0] && strcmp(counters[i].name, name) != 0) i++;
  if (!counters[i].name[0]) snprintf(counters[i].name, sizeof counters[i].name, "%s", name);
  return &counters[i];
}

static struct rule rule_for(const char *name) {
  pthread_mutex_lock(&lock);
  update_rules();
  struct rule found = {.mode = OK};
  for (int i = 0; i < rule_count; i++)
    if (fnmatch(rules[i].glob, name, 0) == 0) {
      found = rules[i];
      break;
    }
  pthread_mutex_unlock(&lock);
  return found;
}

static double random_share(void) {
  double share;
  pthread_mutex_lock(&lock);
  drand48_r(&chance, &share);
  pthread_mutex_unlock(&lock);
  return share;
}

static void count(const char *name, int opens, int reads, int faults) {
  pthread_mutex_lock(&lock);
  struct counter *counter = counter_of(name);
  counter->opens += opens;
  counter->reads += reads;
  counter->faults += faults;
  pthread_mutex_unlock(&lock);
}

// Whether this read is one of the first `most` of its file.
static bool is_among_first(const char *name, double most) {
  pthread_mutex_lock(&lock);
  struct counter *counter = counter_of(name);
  bool is_early = counter->failed_first < most;
  if (is_early) counter->failed_first++;
  pthread_mutex_unlock(&lock);
  return is_early;
}

// Returns when CONTROL no longer says `mode` of this file, and what it says then.
static struct rule wait_while(enum mode mode, const char *name) {
  struct rule rule = rule_for(name);
  if (rule.mode == mode) count(name, 0, 0, 1);
  while (rule.mode == mode) {
    usleep(10000);
    rule = rule_for(name);
  }
  return rule;
}

static int full_path(char *buffer, const char *path) {
  return snprintf(buffer, PATH_MAX, "%s%s", directory, path) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int get_attributes(const char *path, struct stat *status, struct fuse_file_info *info) {
  (void)info;
  char full[PATH_MAX];
  if (full_path(full, path) < 0) return -ENAMETOOLONG;
  return lstat(full, status) < 0 ? -errno : 0;
}

static int read_link(const char *path, char *buffer, size_t size) {
  char full[PATH_MAX];
  if (full_path(full, path) < 0) return -ENAMETOOLONG;
  ssize_t length = readlink(full, buffer, size - 1);
  if (length < 0) return -errno;
  buffer[length] = 0;
  return 0;
}

static int read_directory(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                          struct fuse_file_info *info, enum fuse_readdir_flags flags) {
  (void)offset, (void)info, (void)flags;
  char full[PATH_MAX];
  if (full_path(full, path) < 0) return -ENAMETOOLONG;
  DIR *opened = opendir(full);
  if (!opened) return -errno;
  for (struct dirent *entry; (entry = readdir(opened));) fill(buffer, entry->d_name, NULL, 0, 0);
  closedir(opened);
  return 0;
}

static int open_file(const char *path, struct fuse_file_info *info) {
  if ((info->flags & O_ACCMODE) != O_RDONLY) return -EROFS;
  const char *name = name_of(path);
  count(name, 1, 0, 0);
  wait_while(HANG_OPEN, name);
  char full[PATH_MAX];
  if (full_path(full, path) < 0) return -ENAMETOOLONG;
  int file = open(full, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -errno;
  info->fh = file;
  info->direct_io = 1;   // so that every read of a client comes here
  return 0;
}

static int read_file(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info) {
  const char *name = name_of(path);
  count(name, 0, 1, 0);
  struct rule rule = wait_while(HANG, name);
  switch (rule.mode) {
    case EIO_SHARE:
      if (random_share() >= rule.value) break;
      count(name, 0, 0, 1);
      return -EIO;
    case EIO_FIRST:
      if (!is_among_first(name, rule.value)) break;
      count(name, 0, 0, 1);
      return -EIO;
    case SLEEP:
      count(name, 0, 0, 1);
      usleep(rule.value * 1000);
      break;
    case SHORT:
      if (size < 2 || random_share() >= rule.value) break;
      count(name, 0, 0, 1);
      size = 1 + random_share() * (size - 1);
      break;
    case ZERO:
      if (random_share() >= rule.value) break;
      count(name, 0, 0, 1);
      return 0;
    case OK: case HANG: case HANG_OPEN: break;
  }
  ssize_t got = pread(info->fh, buffer, size, offset);
  return got < 0 ? -errno : got;
}

static int release_file(const char *path, struct fuse_file_info *info) {
  (void)path;
  close(info->fh);
  return 0;
}

static int file_system_status(const char *path, struct statvfs *status) {
  (void)path;
  return statvfs(directory, status) < 0 ? -errno : 0;
}

static const struct fuse_operations operations = {
    .getattr = get_attributes, .readlink = read_link, .readdir = read_directory, .open = open_file,
    .read = read_file,         .release = release_file, .statfs = file_system_status,
};

int main(int argument_count, char **arguments) {
  if (argument_count < 5) {
    fprintf(stderr, "usage: faultfs DIRECTORY CONTROL COUNTERS MNT [options of FUSE]\n");
    return 2;
  }
  directory = realpath(arguments[1], NULL);
  control = realpath(arguments[2], NULL);
  int file = open(arguments[3], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (!directory || !control || file < 0 || ftruncate(file, most_files * sizeof *counters) < 0) {
    perror("faultfs");
    return 1;
  }
  counters = mmap(NULL, most_files * sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (counters == MAP_FAILED) {
    perror("faultfs: mmap");
    return 1;
  }
  srand48_r(getenv("FAULTFS_SEED") ? atol(getenv("FAULTFS_SEED")) : 1, &chance);
  arguments[3] = arguments[0];
  return fuse_main(argument_count - 3, arguments + 3, &operations, NULL);
}
