/* The timer as the host is told of it: whether it works, how fine it is, and time stamps in microseconds. */
#include "chipcast_board.h"
#include "chipcast_config.h"
#include "commands.h"
#include "text.h"

/* A timer of at least 1000 Hz moves within this many readings on any core below 1 GHz or so; the loop is bounded
 * so that a timer that stands still is told and not waited for. */
#define READINGS_MAX 200000u
#define STEPS_SEEN 16u

static uint64_t smallest_step;

void timing_start(void) {
  uint64_t before = chipcast_timer_ticks();
  uint32_t steps = 0;
  smallest_step = 0;
  for (uint32_t i = 0; i < READINGS_MAX && steps < STEPS_SEEN; i++) {
    uint64_t now = chipcast_timer_ticks();
    uint64_t step = now - before;
    if (step != 0) {
      smallest_step = smallest_step == 0 || step < smallest_step ? step : smallest_step;
      steps++;
    }
    before = now;
  }
}

bool timing_works(void) { return smallest_step != 0; }

uint64_t timing_resolution(void) { return smallest_step; }

/* Seconds and the rest apart, so that no product leaves 64 bits. */
uint64_t timing_microseconds(uint64_t ticks) {
  const uint64_t hz = CHIPCAST_TIMER_HZ;
  return ticks / hz * 1000000u + ticks % hz * 1000000u / hz;
}

void timing_say(uint64_t ticks) {
  if (!timing_works()) {
    say("e-timer");
    return;
  }
  text_string("m-lap-us-");
  text_decimal(timing_microseconds(ticks));
  text_end_line();
}
