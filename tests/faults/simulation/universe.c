/* Time and chance of a simulation, put before the C library of its process (LD_PRELOAD).
 *
 * SIMULATED_UNIVERSE names a file of two 64-bit numbers: whether time is simulated, and what is added to
 * the calendar, in nanoseconds. While it is, time stands still except where the program would sleep: a wait
 * for events that has none moves the clocks by as long as it may wait, and returns at once. Random bytes are
 * always the same: what is random in a simulation comes from its seed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const int64_t SECOND = 1000000000;
/* The fifth of January 2026, noon. */
static const int64_t CALENDAR = 1767614400;

static volatile int64_t *universe;
static _Atomic int64_t began, passed;

__attribute__((constructor)) static void start(void) {
  const char *name = getenv("SIMULATED_UNIVERSE");
  int file = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *map = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (map != MAP_FAILED) universe = map;
}

static int simulated(void) { return universe && universe[0]; }

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (!simulated() || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID)
    return syscall(SYS_clock_gettime, clock, now);
  int64_t time;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
    time = CALENDAR * SECOND + passed + universe[1];
  } else {
    if (began == 0) {
      struct timespec real;
      int64_t never = 0;
      syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &real);
      __atomic_compare_exchange_n(&began, &never, real.tv_sec * SECOND + real.tv_nsec, 0, __ATOMIC_SEQ_CST,
                                  __ATOMIC_SEQ_CST);
    }
    time = began + passed;
  }
  now->tv_sec = time / SECOND;
  now->tv_nsec = time % SECOND;
  return 0;
}

int epoll_wait(int set, struct epoll_event *events, int most, int timeout) {
  int waits = simulated() && timeout > 0 ? 0 : timeout;
  int ready = syscall(SYS_epoll_pwait, set, events, most, waits, NULL, _NSIG / 8);
  if (ready == 0 && waits != timeout) passed += (int64_t)timeout * (SECOND / 1000);
  return ready;
}

ssize_t getrandom(void *bytes, size_t length, unsigned flags) {
  if (!simulated()) return syscall(SYS_getrandom, bytes, length, flags);
  memset(bytes, 7, length);
  return length;
}

int getentropy(void *bytes, size_t length) {
  return getrandom(bytes, length, 0) == (ssize_t)length ? 0 : -1;
}
