/* The computer's monotonic clock, in nanoseconds; with CHIPCAST_TIMER=stuck in the environment, one that stands
 * still, for those who test what becomes of it. */
#define _POSIX_C_SOURCE 200809L

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chipcast_board.h"

static bool stuck;

void chipcast_timer_start(void) {
  const char *wanted = getenv("CHIPCAST_TIMER");
  stuck = wanted != NULL && strcmp(wanted, "stuck") == 0;
}

void chipcast_timer_interrupt(void) {}

uint64_t chipcast_timer_ticks(void) {
  struct timespec now;
  if (stuck || clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
    return 0; /* told as a timer that stands still */
  }
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
