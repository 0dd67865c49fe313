// The framework's clock, micros(): 32 bits, 1 MHz.  A wrap is seen where the clock is read at least once in the 71
// minutes between two.
#include "sketch.h"

extern "C" {
#include "chipcast_board.h"
}

static uint32_t wraps, last;

extern "C" void chipcast_timer_start(void) {}

extern "C" void chipcast_timer_interrupt(void) {}

extern "C" uint64_t chipcast_timer_ticks(void) {
  const uint32_t now = micros();
  if (now < last) {
    wraps++;
  }
  last = now;
  return (static_cast<uint64_t>(wraps) << 32) | now;
}
