/* A disk that fails, put before the C library of a hub's process (LD_PRELOAD).
 *
 * It looks only at the store's files (concierge.db and its -wal). Everything done to them goes to the log
 * named by FAULT_DISK_LOG, in the order in which it was done, so that the files can be made anew as they
 * were on the disk at any moment: only what a sync covered is sure to be there.
 *
 * A record: kind (1 byte), file (1 byte: 1 the store, 2 its log), offset (8), length (4), then the bytes
 * of a write; little-endian. Kinds: 1 written, 2 synced, 3 cut to `offset`, 4 lost (a sync failed: what was
 * written since the one before it will never get there).
 *
 * FAULT_DISK_MODE names a file of two 32-bit numbers: what fails (0 nothing, 1 no space for files to grow,
 * 2 writes, 3 syncs) and how many times (0: until told otherwise); or what is slow (4 syncs, 5 everything that
 * is done to the store itself) and by how many milliseconds. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NOTHING, NO_SPACE, NO_WRITE, NO_SYNC, SLOW_SYNC, SLOW_STORE };
enum { WRITTEN = 1, SYNCED, CUT, LOST };

#define FILES 65536
static unsigned char which[FILES];
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int log_file = -1;
static volatile uint32_t *mode;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void start(void) {
  const char *log_name = getenv("FAULT_DISK_LOG"), *mode_name = getenv("FAULT_DISK_MODE");
  if (!log_name || !mode_name) return;
  int file = syscall(SYS_openat, AT_FDCWD, mode_name, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *map = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  syscall(SYS_close, file);
  if (map != MAP_FAILED) mode = map;
  log_file = syscall(SYS_openat, AT_FDCWD, log_name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

static int ends(const char *path, const char *end) {
  size_t a = strlen(path), b = strlen(end);
  return a >= b && strcmp(path + a - b, end) == 0;
}

static int opened(int fd, const char *path) {
  if (fd >= 0 && fd < FILES && mode && log_file >= 0)
    which[fd] = ends(path, "/concierge.db") ? 1 : ends(path, "/concierge.db-wal") ? 2 : 0;
  return fd;
}

static int known(int fd) { return fd >= 0 && fd < FILES && which[fd]; }

static void put(const void *bytes, size_t length) {
  const char *from = bytes;
  while (length > 0) {
    long done = syscall(SYS_write, log_file, from, length);
    if (done <= 0) abort();
    from += done;
    length -= done;
  }
}

static void record(unsigned char kind, int fd, uint64_t offset, uint32_t length, const void *bytes) {
  unsigned char head[14] = {kind, which[fd]};
  memcpy(head + 2, &offset, 8);
  memcpy(head + 10, &length, 4);
  put(head, sizeof head);
  if (bytes) put(bytes, length);
}

/* Whether this kind of thing fails now. */
static int fails(uint32_t what) {
  if (mode[0] != what) return 0;
  if (mode[1] > 0 && --mode[1] == 0) mode[0] = NOTHING;
  return 1;
}

/* Takes its time, if this is slow now; others may go on meanwhile. */
static void drags(int fd, int syncs) {
  if (!(mode[0] == SLOW_SYNC && syncs) && !(mode[0] == SLOW_STORE && which[fd] == 1)) return;
  struct timespec rest = {mode[1] / 1000, mode[1] % 1000 * 1000000L};
  while (nanosleep(&rest, &rest) == -1 && errno == EINTR) {
  }
}

static int grows(int fd, off_t end) {
  struct stat now;
  return fstat(fd, &now) == 0 && end > now.st_size;
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t offset, int seeks) {
  drags(fd, 0);
  pthread_mutex_lock(&order);
  ssize_t done = -1;
  if (mode[0] == NO_SPACE && grows(fd, offset + (off_t)length) && fails(NO_SPACE)) {
    errno = ENOSPC;
  } else if (fails(NO_WRITE)) {
    errno = EIO;
  } else {
    done = seeks ? REAL(write)(fd, bytes, length) : REAL(pwrite)(fd, bytes, length, offset);
    int why = errno;
    if (done > 0) record(WRITTEN, fd, offset, done, bytes);
    errno = why;
  }
  pthread_mutex_unlock(&order);
  return done;
}

static int sync_now(int fd, const char *name) {
  drags(fd, 1);
  pthread_mutex_lock(&order);
  int done = -1;
  if (fails(NO_SYNC)) {
    record(LOST, fd, 0, 0, NULL);
    errno = EIO;
  } else {
    done = ((int (*)(int))real(name))(fd);
    int why = errno;
    if (done == 0) record(SYNCED, fd, 0, 0, NULL);
    errno = why;
  }
  pthread_mutex_unlock(&order);
  return done;
}

static int cut(int fd, off_t length, const char *name) {
  pthread_mutex_lock(&order);
  int done = ((int (*)(int, off_t))real(name))(fd, length);
  int why = errno;
  if (done == 0) record(CUT, fd, length, 0, NULL);
  errno = why;
  pthread_mutex_unlock(&order);
  return done;
}

#define OPEN(name)                                     \
  int name(const char *path, int flags, ...) {         \
    va_list rest;                                      \
    va_start(rest, flags);                             \
    mode_t rights = va_arg(rest, mode_t);              \
    va_end(rest);                                      \
    return opened(REAL(name)(path, flags, rights), path); \
  }
#define OPENAT(name)                                              \
  int name(int folder, const char *path, int flags, ...) {        \
    va_list rest;                                                 \
    va_start(rest, flags);                                        \
    mode_t rights = va_arg(rest, mode_t);                         \
    va_end(rest);                                                 \
    return opened(REAL(name)(folder, path, flags, rights), path); \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
  if (fd >= 0 && fd < FILES) which[fd] = 0;
  return REAL(close)(fd);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (!known(fd)) return REAL(write)(fd, bytes, length);
  return write_at(fd, bytes, length, lseek(fd, 0, SEEK_CUR), 1);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  if (!known(fd)) return REAL(pwrite)(fd, bytes, length, offset);
  return write_at(fd, bytes, length, offset, 0);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  if (!known(fd)) return REAL(pwrite64)(fd, bytes, length, offset);
  return write_at(fd, bytes, length, offset, 0);
}

int fsync(int fd) { return known(fd) ? sync_now(fd, "fsync") : REAL(fsync)(fd); }

int fdatasync(int fd) { return known(fd) ? sync_now(fd, "fdatasync") : REAL(fdatasync)(fd); }

int ftruncate(int fd, off_t length) {
  return known(fd) ? cut(fd, length, "ftruncate") : REAL(ftruncate)(fd, length);
}

int ftruncate64(int fd, off64_t length) {
  return known(fd) ? cut(fd, length, "ftruncate64") : REAL(ftruncate64)(fd, length);
}
