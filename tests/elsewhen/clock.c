/* Shifts the wall clock of every process it is loaded into by CLOCK_SHIFT_S seconds; the monotonic clock stays true, and
   so do the times of files, which the kernel writes. It hands itself on to children that are given an environment of
   their own (the database cluster is), so that all of an installation tells the same time.
   (libfaketime 0.9.10 cannot do this for Python 3.11: it hands clock_nanosleep a time that the kernel refuses, or, with
   the monotonic clock shifted too, leaves sem_clockwait waiting for the whole shift.) */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { HANDED = 2 };

/* What a child must be told: "LD_PRELOAD=…", "CLOCK_SHIFT_S=…". */
static char told[HANDED][4096];
static long long shift_s;

__attribute__((constructor)) static void begin(void) {
  static const char *const names[HANDED] = {"LD_PRELOAD", "CLOCK_SHIFT_S"};
  for (int i = 0; i < HANDED; i++) {
    const char *value = getenv(names[i]);
    if (!value || strlen(names[i]) + strlen(value) + 2 > sizeof told[i]) continue;
    strcpy(told[i], names[i]);
    strcat(told[i], "=");
    strcat(told[i], value);
  }
  if (getenv(names[1])) shift_s = atoll(getenv(names[1]));
}

/* Moves the clock of this process and of children it starts from now on. */
void clock_jump(long long further_s) {
  shift_s += further_s;
  snprintf(told[1], sizeof told[1], "CLOCK_SHIFT_S=%lld", shift_s);
}

int clock_gettime(clockid_t clock, struct timespec *at) {
  int failed = (int)syscall(SYS_clock_gettime, clock, at);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += shift_s;
  return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  struct timespec now;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}

int timespec_get(struct timespec *at, int base) {
  return base == TIME_UTC && !clock_gettime(CLOCK_REALTIME, at) ? base : 0;
}

/* Runs between fork and exec, where nothing may be allocated: the longer list lies on the stack. */
int execve(const char *path, char *const argv[], char *const environment[]) {
  size_t many = 0;
  while (environment && environment[many]) many++;
  char *longer[many + HANDED + 1];
  if (many) memcpy(longer, environment, many * sizeof *longer);
  size_t had = many;
  for (int i = 0; i < HANDED; i++) {
    if (!*told[i]) continue;
    size_t name = (size_t)(strchr(told[i], '=') - told[i]) + 1, at = 0;
    while (at < had && strncmp(longer[at], told[i], name)) at++;
    if (at == had) longer[many++] = told[i];
    else longer[at] = told[i]; /* the clock may have moved since the list was made */
  }
  longer[many] = NULL;
  return (int)syscall(SYS_execve, path, argv, longer);
}
