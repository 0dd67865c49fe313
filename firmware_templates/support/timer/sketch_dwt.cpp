// The cycle counter of a Cortex-M3 and above (Armv7-M Architecture Reference Manual, DDI 0403, C1.8), at the core's
// clock.  Whether it moves is tried at boot: there are parts without one, and debug logic that is locked.  The
// framework's micros() counts then, and chipcast_timer_source tells.
#include "sketch.h"

extern "C" {
#include "chipcast_board.h"
#include "chipcast_config.h"
}

#define DEMCR (*reinterpret_cast<volatile uint32_t *>(0xE000EDFCu))
#define DWT_CTRL (*reinterpret_cast<volatile uint32_t *>(0xE0001000u))
#define DWT_CYCCNT (*reinterpret_cast<volatile uint32_t *>(0xE0001004u))
#define DWT_LAR (*reinterpret_cast<volatile uint32_t *>(0xE0001FB0u))
static const uint32_t demcr_trcena = 1u << 24;
static const uint32_t ctrl_cyccntena = 1u << 0;
static const uint32_t ctrl_nocyccnt = 1u << 25;
// Cortex-M7 Technical Reference Manual (DDI 0489), CoreSight: opens the lock; others ignore it.
static const uint32_t lar_key = 0xC5ACCE55u;
static const uint32_t microseconds_a_second = 1000000u;

static bool counts_cycles;
static uint64_t ticks;
static uint32_t last_cycles, last_micros;
// The counter does not wrap within so many microseconds.
static uint32_t unwrapped_micros;

static bool cycle_counter_moves() {
  DEMCR |= demcr_trcena;
  DWT_LAR = lar_key;
  if ((DWT_CTRL & ctrl_nocyccnt) != 0) {
    return false;
  }
  DWT_CYCCNT = 0;
  DWT_CTRL |= ctrl_cyccntena;
  const uint32_t before = DWT_CYCCNT;
  for (uint32_t i = 0; i < 100; i++) {
    // Takes a while.
    (void)micros();
    if (DWT_CYCCNT != before) {
      return true;
    }
  }
  return false;
}

extern "C" void chipcast_timer_start(void) {
  counts_cycles = cycle_counter_moves();
  ticks = 0;
  last_cycles = counts_cycles ? DWT_CYCCNT : 0;
  last_micros = micros();
  unwrapped_micros = static_cast<uint32_t>((static_cast<uint64_t>(microseconds_a_second) << 31) / chipcast_timer_hz());
}

extern "C" void chipcast_timer_interrupt(void) {}

extern "C" uint64_t chipcast_timer_hz(void) { return counts_cycles ? CHIPCAST_TIMER_RATE : microseconds_a_second; }

extern "C" const char *chipcast_timer_source(void) { return counts_cycles ? "dwt" : "micros"; }

// The counter wraps within seconds (4 G cycles): how often it has since the last reading is told by micros(), which
// only has to be right to half a wrap, and to be read once in its own 71 minutes.
extern "C" uint64_t chipcast_timer_ticks(void) {
  const uint32_t now_micros = micros();
  const uint32_t micros_passed = now_micros - last_micros;
  last_micros = now_micros;
  if (!counts_cycles) {
    ticks += micros_passed;
    return ticks;
  }
  const uint32_t now_cycles = DWT_CYCCNT;
  const uint32_t fine = now_cycles - last_cycles;
  last_cycles = now_cycles;
  ticks += fine;
  if (micros_passed > unwrapped_micros) {
    const uint64_t about = static_cast<uint64_t>(micros_passed) * chipcast_timer_hz() / microseconds_a_second;
    const uint64_t wraps = about > fine ? (about - fine + 0x80000000u) >> 32 : 0;
    ticks += wraps << 32;
  }
  return ticks;
}
