// The Arduino core's clock: micros(), in steps of 4 on an AVR at 16 MHz, 32 bits.  A wrap is seen where the clock is
// read at least once in the 71 minutes between two.
#include <Arduino.h>

extern "C" {
#include "chipcast_board.h"
}

static uint32_t wraps, last;

// main is the firmware's own, so it does what the core's main does first.
extern "C" void chipcast_timer_start(void) { init(); }

extern "C" void chipcast_timer_interrupt(void) {}

extern "C" uint64_t chipcast_timer_ticks(void) {
  const uint32_t now = micros();
  if (now < last) {
    wraps++;
  }
  last = now;
  return (static_cast<uint64_t>(wraps) << 32) | now;
}
